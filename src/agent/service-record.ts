// What the agent keeps on disk of each service process: enough to find it again, or to say that it ended, after the
// agent was killed. One file each, replaced as a whole.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceInstanceSpec, ServiceInstanceState, StopRequest } from './protocol.ts'

export interface ServiceRecord {
  spec: ServiceInstanceSpec
  phase: ServiceInstanceState['phase']
  pid: number | null
  /** With the pid and the boot, the process's identity. */
  startTime: string | null
  bootId: string
  port: number | null
  limits: ServiceInstanceState['limits']
  fencePaths: string[]
  startedAt: string
  /** When its program was started, after what it needs had come; its time to start counts from here. */
  launchedAt: string | null
  /** What was fetched for it, by name: held while it lives. */
  files: Record<string, string>
  readyAt: string | null
  endedAt: string | null
  end: ServiceInstanceState['end']
  /** A stop that was asked for; an agent that starts again carries it on. */
  stop: StopRequest | null
}

export const newRecord = (
  spec: ServiceInstanceSpec,
  host: Pick<ServiceRecord, 'bootId' | 'limits' | 'startedAt'>,
): ServiceRecord => ({
  ...{ spec, phase: 'starting', pid: null, startTime: null, port: null, fencePaths: [], ...host },
  ...{ launchedAt: null, files: {}, readyAt: null, endedAt: null, end: null, stop: null },
})

/** Records of an earlier version know nothing of fetches and mounts. */
const upToDate = ({ spec, ...record }: ServiceRecord): ServiceRecord => ({
  ...{ ...record, files: record.files ?? {}, launchedAt: record.launchedAt ?? record.startedAt },
  spec: { ...spec, fetches: spec.fetches ?? [], mounts: spec.mounts ?? [] },
})

export class ServiceRecords {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** All that can be read; `unreadable` are file names, set aside so that they are reported once. */
  load(): { records: ServiceRecord[]; unreadable: string[] } {
    const records: ServiceRecord[] = []
    const unreadable: string[] = []
    for (const name of readdirSync(this.#directory).filter(file => file.endsWith('.json'))) {
      const path = join(this.#directory, name)
      try {
        records.push(upToDate(JSON.parse(readFileSync(path, 'utf8'))))
      } catch {
        // Only a power cut leaves half a file, and after one no process of it lives.
        renameSync(path, `${path}.unreadable`)
        unreadable.push(name)
      }
    }
    return { records, unreadable }
  }

  save(record: ServiceRecord): void {
    const path = this.#of(record.spec.id)
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 }) // A spec's environment may hold secrets.
    renameSync(`${path}.new`, path)
  }

  remove(id: string): void {
    rmSync(this.#of(id), { force: true })
  }

  #of(id: string): string {
    return join(this.#directory, `${id}.json`)
  }
}
