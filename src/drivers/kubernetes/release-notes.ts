// Which machines were given back, noted in the cluster before anything else is done: a request that arrives later, or was under
// way, finds the note and makes nothing. A name is in the config map of its first letter, so that none grows too large; an old
// note goes after a month, when no such request can be on its way.
import type { Clock } from '../../lib/clock.ts'
import { alreadyExists, isNotFound } from './api/api-error.ts'
import type { ApiServer } from './api/api-server.ts'
import type { KubeObject } from './api/objects.ts'
import { configMaps, namespaces } from './api/resources.ts'

interface ConfigMap extends KubeObject {
  data?: Record<string, string>
}

const keptFor = { hours: 30 * 24 } as const
/** Of one config map; some 60 bytes each, of a MiB that it may have. */
const notesMax = 10_000

export class ReleaseNotes {
  readonly #api: ApiServer
  readonly #clock: Clock
  readonly #namespace: string
  readonly #prefix: string

  constructor({ api, clock, namespace, installationId }: NotesOptions) {
    this.#api = api
    this.#clock = clock
    this.#namespace = namespace
    this.#prefix = `berth-released-${installationId}`
  }

  async add(machineIds: readonly string[]): Promise<void> {
    const at = this.#clock.now().toString({ smallestUnit: 'second' })
    const byMap = Map.groupBy(machineIds, id => this.#nameFor(id))
    await Promise.all([...byMap].map(([name, ids]) => this.#write(name, Object.fromEntries(ids.map(id => [id, at])))))
  }

  /** Those of them that were given back, by the server's present word. */
  async of(machineIds: readonly string[]): Promise<Set<string>> {
    const byMap = Map.groupBy(machineIds, id => this.#nameFor(id))
    const found = await Promise.all(
      [...byMap].map(([name, ids]) => this.#read(name).then(data => ids.filter(id => id in data))),
    )
    return new Set(found.flat())
  }

  async #read(name: string): Promise<Record<string, string>> {
    const found = await this.#api.get<ConfigMap>(configMaps, { namespace: this.#namespace, name })
    return found?.data ?? {}
  }

  async #write(name: string, notes: Record<string, string>): Promise<void> {
    const ref = { namespace: this.#namespace, name }
    try {
      const written = await this.#api.patch<ConfigMap>(configMaps, ref, { data: notes })
      const old = oldNotes(written.data ?? {}, this.#clock.now())
      if (old.length > 0)
        await this.#api.patch(configMaps, ref, { data: Object.fromEntries(old.map(id => [id, null])) })
    } catch (error) {
      if (!isNotFound(error)) throw error
      await this.#create(ref, notes)
    }
  }

  async #create(metadata: { namespace: string; name: string }, data: Record<string, string>): Promise<void> {
    await this.#api.create(namespaces, { metadata: { name: this.#namespace } }).catch(ignoreExisting)
    const made = await this.#api.create<ConfigMap>(configMaps, { metadata, data }).catch(ignoreExisting)
    // Somebody else made it at the same time.
    if (made === null) await this.#api.patch(configMaps, metadata, { data })
  }

  #nameFor = (machineId: string): string => `${this.#prefix}-${/[a-z0-9]$/.exec(machineId)?.[0] ?? 'x'}`
}

export interface NotesOptions {
  api: ApiServer
  clock: Clock
  namespace: string
  installationId: string
}

/** Which notes have served: old ones, and the oldest of too many. */
export function oldNotes(notes: Record<string, string>, now: Temporal.Instant): string[] {
  const limit = now.subtract(keptFor).toString({ smallestUnit: 'second' })
  const byAge = Object.entries(notes).sort(([, a], [, b]) => (a < b ? -1 : 1))
  return byAge.filter(([, at], index) => at < limit || index < byAge.length - notesMax).map(([id]) => id)
}

function ignoreExisting(error: unknown): null {
  if (alreadyExists(error)) return null
  throw error
}
