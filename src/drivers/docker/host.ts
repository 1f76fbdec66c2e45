// What `berth up`, `berth down` and `berth uninstall` ask of Docker on this host.
import { systemClock } from '../../lib/clock.ts'
import { isRefusal, Refusal } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import { DockerEngine } from './engine.ts'
import { Installation } from './labels.ts'
import { DockerRuntime } from './runtime.ts'
import { recallSettings } from './settings.ts'

export type DockerHostRefusal = 'DockerMissing'

/** One line on the engine; refused when there is none that we may use. */
export async function describeDocker(socketPath: string): Promise<string> {
  try {
    const { ServerVersion, LiveRestoreEnabled } = await new DockerEngine(socketPath).info()
    const restart = LiveRestoreEnabled
      ? 'containers outlive its restart'
      : 'a restart of Docker ends its containers: "live-restore": true in its daemon.json keeps them'
    return `Docker ${ServerVersion}; ${restart}`
  } catch (error) {
    if (!isRefusal(error, 'DockerAway')) throw error
    throw missing(socketPath, String(error.details.code))
  }
}

const waysOut: Record<string, string> = {
  ENOENT: 'nothing is there. Install Docker Engine (Debian and Ubuntu: `apt install docker.io`) and start it',
  EACCES:
    'this user may not open it. Add it to the group `docker`, which makes it root on this host, or start Berth as root',
  ECONNREFUSED: 'nobody answers. Start Docker (`systemctl start docker`)',
}

function missing(socketPath: string, code: string): Refusal<DockerHostRefusal> {
  const why = waysOut[code] ?? `it does not answer (${code}). Look at its log (\`journalctl -u docker\`)`
  const message = `A region of berth.yaml has the engine docker, but on ${socketPath} ${why}; or name its socket under \`docker.socket\`, or give the region another engine.`
  return new Refusal('DockerMissing', message, { field: 'docker.socket', socketPath })
}

/** For the end of the whole host's work: every container is asked to end, then waited for. */
export async function stopContainers(dataDir: string, log: Logger, graceMs: number): Promise<void> {
  const docker = recallSettings(dataDir)
  if (docker === null) return
  const runtime = new DockerRuntime({ docker, dataDir, storage: [], clock: systemClock, log })
  try {
    await runtime.stopAll({ drainMs: 0, graceMs })
  } finally {
    await runtime.close()
  }
}

/** Removes the containers and the network of this data directory; images stay, they may be others' too. */
export async function removeContainers(dataDir: string): Promise<string[]> {
  const docker = recallSettings(dataDir)
  if (docker === null) return []
  const engine = new DockerEngine(docker.socketPath)
  const { label, networkName } = new Installation(dataDir)
  const containers = await engine.containers(label)
  for (const { Id } of containers) await engine.remove(Id)
  for (const id of await engine.networks(networkName)) await engine.removeNetwork(id)
  return containers.map(({ Id }) => `container ${Id.slice(0, 12)}`)
}
