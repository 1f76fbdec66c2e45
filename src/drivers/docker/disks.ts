// What containers take of Docker's disk: each what it wrote into a layer of its own, which goes with it. What was bought of a
// machine is noted with its slice.
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { diskOf } from '../../agent/models/room.ts'
import type { HostDisks } from '../../services/driver.ts'
import type { DockerEngine } from './engine.ts'
import { type Installation, instanceIdOf, machineIdOf } from './labels.ts'

export async function dockerDisks(
  engine: DockerEngine,
  installation: Installation,
  dataDir: string,
): Promise<HostDisks> {
  const { DockerRootDir } = await engine.info()
  const { bavail, blocks, bsize } = await statfs(DockerRootDir)
  const containers = await engine.containers(installation.label, { sizes: true })
  const machines = [...Map.groupBy(containers, machineIdOf)].map(async ([machineId, there]) => {
    const instances = there.map(one => ({ id: instanceIdOf(one), usedBytes: one.SizeRw ?? 0 }))
    return {
      ...{ machineId, diskBytes: await diskOf(join(dataDir, 'docker', 'machines', machineId)), instances },
      usedBytes: instances.reduce((sum, one) => sum + one.usedBytes, 0),
    }
  })
  return { host: { freeBytes: bavail * bsize, diskBytes: blocks * bsize }, machines: await Promise.all(machines) }
}
