// A machine as a slice of this host: a directory of its own, with a marker that says which request made it. Releasing
// wipes the directory (Q55); a note of the release stays, so that a request that arrives late makes nothing.
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  MachineDriver,
  MachineObservation,
  MachineRef,
  ProvisionAnswer,
  ProvisionRequest,
  ResizeAnswer,
  ResizeRequest,
} from '../../fleet/driver.ts'
import { randomText } from '../../lib/id.ts'
import { systemRandom } from '../../lib/random.ts'
import { sideBySide } from '../../lib/side-by-side.ts'

const marker = 'machine.json'
const address = '127.0.0.1'
const atOnce = 64

interface Marker {
  machineId: string
  effectId: string
  specId: string
  /** Markers from before disks could grow have none. */
  systemDiskGiB?: number
}

const noResize = (message: string): ResizeAnswer => ({ ok: false, refusal: 'ResizeRefused', message })

export interface ProcessMachinesOptions {
  /** Machines are made in `<dataDir>/machines/<machineId>`. */
  dataDir: string
}

export class ProcessMachines implements MachineDriver {
  readonly #root: string

  constructor(options: ProcessMachinesOptions) {
    this.#root = join(options.dataDir, 'machines')
  }

  /** Stock is what the catalog says this host is cut into. */
  async stock(): Promise<number | null> {
    return null
  }

  async provision(requests: readonly ProvisionRequest[]): Promise<ProvisionAnswer[]> {
    await mkdir(this.#released(), { recursive: true })
    return sideBySide(requests, atOnce, request => this.#make(request))
  }

  async observe(machines: readonly MachineRef[]): Promise<MachineObservation[]> {
    return sideBySide(machines, atOnce, async ({ machineId }): Promise<MachineObservation> => {
      if ((await this.#effectOf(machineId)) !== null) return { state: 'running', address }
      // Half wiped is not gone: the next tenant's machine waits for the end of it.
      if (await exists(this.#wiping(machineId))) return { state: 'lost', message: 'its directory is being wiped' }
      return { state: 'not_found' }
    })
  }

  /** The size is a note in the marker: a directory of this host grows as long as the host has room. */
  async resize(requests: readonly ResizeRequest[]): Promise<ResizeAnswer[]> {
    return sideBySide(requests, atOnce, async ({ machineId, systemDiskGiB }): Promise<ResizeAnswer> => {
      const standing = await this.#markerOf(machineId)
      if (standing === null) return noResize(`there is no machine ${machineId}`)
      const has = standing.systemDiskGiB ?? 0
      if (has >= systemDiskGiB) return { ok: true, systemDiskGiB: has }
      await this.#inDirectoryOfItsOwn(machineId, async own => {
        const writing = join(own, marker)
        await writeFile(writing, JSON.stringify({ ...standing, systemDiskGiB }), { flush: true })
        await rename(writing, join(this.#root, machineId, marker))
      })
      return { ok: true, systemDiskGiB }
    })
  }

  async release(machines: readonly MachineRef[]): Promise<void> {
    await mkdir(this.#released(), { recursive: true })
    await sideBySide(machines, atOnce, async ({ machineId }) => {
      // The note first: what is being made at this moment finds it and takes itself back.
      await writeFile(join(this.#released(), checkedId(machineId)), '')
      await this.#wipe(machineId)
    })
  }

  async *list(): AsyncIterable<{ machineId: string; effectId: string }> {
    for (const machineId of await readdir(this.#root).catch(() => [])) {
      if (machineId.startsWith('.')) continue
      const effectId = await this.#effectOf(machineId)
      if (effectId !== null) yield { machineId, effectId }
    }
  }

  async #make(request: ProvisionRequest): Promise<ProvisionAnswer> {
    const { machineId, effectId } = request
    const directory = join(this.#root, checkedId(machineId))
    const standing = await this.#effectOf(machineId)
    if (standing !== null && standing !== effectId)
      return { ok: false, refusal: 'CreateFailed', message: `${machineId} was made by another request` }
    if (standing === null) {
      // A second call at the same time may be the one that makes it: then its marker is the same.
      await this.#makeDirectory(request, directory).catch(async error => {
        if ((await this.#effectOf(machineId)) !== effectId) throw error
      })
    }
    if (await exists(join(this.#released(), machineId))) {
      await this.#wipe(machineId)
      return { ok: false, refusal: 'CreateFailed', message: 'it was released before it was made' }
    }
    return { ok: true, driverRef: directory }
  }

  /** With its marker in one step, and the marker on disk before: a directory without one would be nobody's. */
  async #makeDirectory(request: ProvisionRequest, directory: string): Promise<void> {
    const { machineId, effectId, specId, systemDiskGiB } = request
    await this.#inDirectoryOfItsOwn(machineId, async own => {
      const text = JSON.stringify({ machineId, effectId, specId, systemDiskGiB })
      await writeFile(join(own, marker), text, { flush: true })
      await rename(own, directory)
    })
  }

  /** Of several at once for one machine none writes into what another moves to its place. */
  async #inDirectoryOfItsOwn(machineId: string, write: (own: string) => Promise<void>): Promise<void> {
    const making = this.#making(machineId)
    const own = join(making, randomText(systemRandom, 12))
    await mkdir(own, { recursive: true })
    try {
      await write(own)
    } finally {
      await rm(own, { recursive: true, force: true })
      await rmdir(making).catch(() => {})
    }
  }

  /** Moved aside first, so that a machine is either whole or going, whenever this process dies. */
  async #wipe(machineId: string): Promise<void> {
    const wiping = this.#wiping(machineId)
    await rename(join(this.#root, machineId), wiping).catch(ignoreMissing)
    await rm(wiping, { recursive: true, force: true })
    await rm(this.#making(machineId), { recursive: true, force: true })
  }

  async #effectOf(machineId: string): Promise<string | null> {
    return (await this.#markerOf(machineId))?.effectId ?? null
  }

  async #markerOf(machineId: string): Promise<Marker | null> {
    const text = await readFile(join(this.#root, checkedId(machineId), marker), 'utf8').catch(ignoreMissing)
    return text === undefined ? null : (JSON.parse(text) as Marker)
  }

  #making = (machineId: string): string => join(this.#root, '.making', checkedId(machineId))
  #wiping = (machineId: string): string => join(this.#root, `.wiping-${checkedId(machineId)}`)
  #released = (): string => join(this.#root, '.released')
}

function checkedId(machineId: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(machineId)) throw new Error(`${JSON.stringify(machineId)} is no machine id`)
  return machineId
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    error => ignoreMissing(error) === undefined && false,
  )

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
