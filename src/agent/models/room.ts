// Room for a file on a machine: within its disk as it was bought, and within the disk of the host that it is a slice of.
import { readdir, readFile, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { sizeText } from '../../lib/size-text.ts'

export interface Room {
  freeBytes: number
  /** Whose disk is the narrower. */
  of: 'machine' | 'host'
  diskBytes: number
}

/** `reserveBytes` of the host stay free for everybody else. */
export async function roomOn(machineDir: string, reserveBytes: number): Promise<Room> {
  const { bavail, blocks, bsize } = await statfs(machineDir)
  const host: Room = { freeBytes: bavail * bsize - reserveBytes, of: 'host', diskBytes: blocks * bsize }
  const diskBytes = await diskOf(machineDir)
  if (diskBytes === null) return host
  const machine: Room = { freeBytes: diskBytes - (await usedBytes(machineDir)), of: 'machine', diskBytes }
  return machine.freeBytes <= host.freeBytes ? machine : host
}

/** As the driver that made the machine wrote it down; null where it did not say. */
export async function diskOf(machineDir: string): Promise<number | null> {
  try {
    const { systemDiskGiB } = JSON.parse(await readFile(join(machineDir, 'machine.json'), 'utf8'))
    return typeof systemDiskGiB === 'number' ? systemDiskGiB * 2 ** 30 : null
  } catch {
    return null
  }
}

/** Blocks that are really taken; what goes away while it is counted counts nothing. */
export async function usedBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  let bytes = 0
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) bytes += await usedBytes(path)
    else if (entry.isFile())
      bytes += await stat(path).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      )
  }
  return bytes
}

export function noRoomText(neededBytes: number, { freeBytes, of, diskBytes }: Room): string {
  const whose = of === 'machine' ? "the machine's disk" : "the host's disk"
  const wayOut = of === 'machine' ? 'free some, or take a larger system disk' : 'the operator must free some'
  return `it needs ${sizeText(neededBytes)}, and ${sizeText(Math.max(0, freeBytes))} of ${whose} of ${sizeText(diskBytes)} are free: ${wayOut}`
}
