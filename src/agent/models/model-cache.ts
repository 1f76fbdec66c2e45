// The models that a machine has, in `.models` of its directory, so that they count against its disk and are wiped with it.
// A whole file is named by the hash of its bytes and never changes; a note says which file a URL gave last, and how to ask
// whether it still does. Programs read the files in place. What no program uses goes when room is needed, that least
// recently used first.
import { rmSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toDate } from '../../lib/clock.ts'

/** What a URL gave last. */
export interface SourceNote {
  sha256: string
  bytes: number
  etag: string | null
}

/** Of which file the bytes of a part are. */
export interface PartNote {
  /** A strong ETag or a date, as `If-Range` takes them; null: it can not be told whether the file is the same. */
  validator: string | null
  etag: string | null
}

export interface CachedFile {
  path: string
  bytes: number
}

interface Candidate extends CachedFile {
  usedAtMs: number
}

const directoryName = '.models'

export class ModelCache {
  readonly #directory: string

  constructor(machineDir: string) {
    this.#directory = join(machineDir, directoryName)
  }

  /** The service's own user passes through and reads a file whose name it was told; it lists nothing. */
  async prepare(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o711 })
  }

  async find(sha256: string): Promise<CachedFile | null> {
    const path = join(this.#directory, sha256)
    return stat(path).then(
      ({ size }) => ({ path, bytes: size }),
      () => null,
    )
  }

  part(key: string): string {
    return join(this.#directory, `${key}.part`)
  }

  partNote(key: string): Promise<PartNote | null> {
    return this.#read<PartNote>(`${key}.part.json`)
  }

  async notePart(key: string, note: PartNote): Promise<void> {
    await this.#write(`${key}.part.json`, note)
  }

  async dropPart(key: string): Promise<void> {
    for (const name of [`${key}.part`, `${key}.part.json`]) await rm(join(this.#directory, name), { force: true })
  }

  source(key: string): Promise<SourceNote | null> {
    return this.#read<SourceNote>(`${key}.json`)
  }

  /** A whole part becomes the file of its hash. */
  async keep(key: string, note: SourceNote): Promise<CachedFile> {
    const path = join(this.#directory, note.sha256)
    await chmod(this.part(key), 0o444)
    await rename(this.part(key), path)
    await this.#write(`${key}.json`, note)
    await this.dropPart(key)
    return { path, bytes: note.bytes }
  }

  async touch(path: string, now: Temporal.Instant): Promise<void> {
    await utimes(path, toDate(now), toDate(now)).catch(() => {}) // One that has just gone needs no mark.
  }

  /** Removes what is in no use until `bytes` are free; how many it freed. */
  async evict(bytes: number, isUsed: (path: string) => boolean): Promise<number> {
    let freed = 0
    for (const { path, bytes: size } of evictionOrder(await this.#candidates(isUsed), bytes)) {
      // Asked again at the last moment, and removed in the same turn: whoever holds a file by now keeps it.
      if (isUsed(path)) continue
      rmSync(path, { force: true })
      rmSync(`${path}.json`, { force: true })
      freed += size
    }
    return freed
  }

  async #candidates(isUsed: (path: string) => boolean): Promise<Candidate[]> {
    const names = await readdir(this.#directory).catch(() => [])
    const found = names
      .filter(name => /^[0-9a-f]{64}(\.part)?$/.test(name))
      .map(async (name): Promise<Candidate[]> => {
        const path = join(this.#directory, name)
        if (isUsed(path)) return []
        return stat(path).then(
          ({ size, mtimeMs }) => [{ path, bytes: size, usedAtMs: mtimeMs }],
          () => [],
        )
      })
    return (await Promise.all(found)).flat()
  }

  async #read<Note>(name: string): Promise<Note | null> {
    try {
      return JSON.parse(await readFile(join(this.#directory, name), 'utf8')) as Note
    } catch {
      return null
    }
  }

  async #write(name: string, note: object): Promise<void> {
    const path = join(this.#directory, name)
    await writeFile(`${path}.new`, JSON.stringify(note))
    await rename(`${path}.new`, path)
  }
}

/** Of those in no use, the fewest that free so many bytes, that least recently used first; none where all are too few. */
export function evictionOrder<File extends { bytes: number; usedAtMs: number }>(
  candidates: readonly File[],
  bytes: number,
): File[] {
  const order = candidates.toSorted((a, b) => a.usedAtMs - b.usedAtMs)
  let freed = 0
  const chosen = order.filter(file => {
    if (freed >= bytes) return false
    freed += file.bytes
    return true
  })
  return freed >= bytes ? chosen : []
}
