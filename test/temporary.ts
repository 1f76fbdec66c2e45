// Where the tests keep what they throw away: in memory where there is room, since copying a database's directory or its
// template costs ten times as much on a disk.
import { accessSync, constants, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

const inMemory = '/dev/shm'
const enoughBytes = 4 * 1024 ** 3

function hasRoom(): boolean {
  try {
    accessSync(inMemory, constants.W_OK | constants.X_OK)
    const { bavail, bsize } = statfsSync(inMemory)
    return bavail * bsize > enoughBytes
  } catch {
    return false
  }
}

export const temporaryRoot: string = process.platform === 'linux' && hasRoom() ? inMemory : tmpdir()
