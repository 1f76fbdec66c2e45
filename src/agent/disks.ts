// What is stored on this host: measured when asked, since who asks decides how often that is worth a walk through all files.
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { diskOf, usedBytes } from './models/room.ts'
import type { DiskState, MachineDisk } from './protocol.ts'

/** A service instance has the directory of its id below its machine's. */
export interface StoredInstance {
  id: string
  machineId: string
  machineDir: string
}

export async function measureDisks(stateDir: string, instances: readonly StoredInstance[]): Promise<DiskState> {
  const { bavail, blocks, bsize } = await statfs(stateDir)
  const machines: MachineDisk[] = []
  for (const [machineDir, there] of Map.groupBy(instances, one => one.machineDir))
    machines.push(await measureMachine(machineDir, there))
  return { host: { freeBytes: bavail * bsize, diskBytes: blocks * bsize }, machines }
}

async function measureMachine(machineDir: string, there: readonly StoredInstance[]): Promise<MachineDisk> {
  const byName = new Map<string, number>()
  for (const name of await readdir(machineDir).catch(() => [])) byName.set(name, await usedAt(join(machineDir, name)))
  return {
    machineId: there[0]?.machineId ?? '',
    diskBytes: await diskOf(machineDir),
    usedBytes: byName.values().reduce((sum, bytes) => sum + bytes, 0),
    instances: there.map(({ id }) => ({ id, usedBytes: byName.get(id) ?? 0 })),
  }
}

async function usedAt(path: string): Promise<number> {
  const found = await stat(path).catch(() => null)
  if (found === null) return 0
  return found.isDirectory() ? usedBytes(path) : found.blocks * 512
}
