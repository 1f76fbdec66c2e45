// Brings what is shown up to date with what has changed, at the pace that it can be asked for: an answer that takes long is
// asked for less often, and never again while it is on its way.
import type { Query, QueryClient } from '@tanstack/react-query'
import { call } from '../api.ts'
import { type Change, concerns } from './concerns.ts'
import { type Machine, withRows } from './rows.ts'

const tickMs = 200
/** Between two questions for the same: at least this, and three times what the last one took. */
const restMs = 300
/** With more changed rows than this the whole list is asked for. */
const rowsMax = 300

interface Pending {
  query: Query
  /** Of machines; null: everything of the answer. */
  ids: Set<string> | null
}

export class Refresher {
  readonly #client: QueryClient
  readonly #pending = new Map<string, Pending>()
  readonly #restsUntil = new WeakMap<Query, number>()
  readonly #running = new WeakSet<Query>()
  #timer: number | null = null

  constructor(client: QueryClient) {
    this.#client = client
  }

  add(changes: readonly Change[]): void {
    for (const query of this.#client.getQueryCache().getAll())
      for (const change of changes) if (concerns(query.queryKey, change)) this.#note(query, change)
    this.#schedule()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#pending.clear()
  }

  #note(query: Query, { subjectKind, subjectIds }: Change): void {
    const before = this.#pending.get(query.queryHash)
    const byRow = subjectKind === 'machine' && subjectIds !== null && isMachineList(query)
    if (!byRow) this.#pending.set(query.queryHash, { query, ids: null })
    else if (!before) this.#pending.set(query.queryHash, { query, ids: new Set(subjectIds) })
    else for (const id of subjectIds) before.ids?.add(id)
    const ids = this.#pending.get(query.queryHash)?.ids
    if (ids && ids.size > rowsMax) this.#pending.set(query.queryHash, { query, ids: null })
  }

  #schedule(): void {
    if (this.#timer !== null || this.#pending.size === 0) return
    this.#timer = window.setTimeout(() => {
      this.#timer = null
      this.#flush()
      this.#schedule()
    }, tickMs)
  }

  #flush(): void {
    for (const [hash, { query, ids }] of this.#pending) {
      // Not on the page: asked for when it is shown again.
      if (query.getObserversCount() === 0) query.invalidate()
      else if (query.state.fetchStatus !== 'idle' || this.#running.has(query)) continue
      else if (performance.now() < (this.#restsUntil.get(query) ?? 0)) continue
      else void this.#run(query, ids)
      this.#pending.delete(hash)
    }
  }

  async #run(query: Query, ids: Set<string> | null): Promise<void> {
    const began = performance.now()
    this.#running.add(query)
    try {
      if (ids === null) await this.#client.refetchQueries({ queryKey: query.queryKey, exact: true })
      else await this.#refreshRows(query, ids)
    } catch {
      // It stays as it was, and is asked for whole.
      query.invalidate()
    } finally {
      this.#running.delete(query)
      const took = performance.now() - began
      this.#restsUntil.set(query, performance.now() + restMs + 3 * took)
    }
  }

  async #refreshRows(query: Query, ids: Set<string>): Promise<void> {
    const found = await fetchRows(query.queryKey[2] as Record<string, string | undefined>, [...ids])
    this.#client.setQueryData<Machine[]>(query.queryKey, rows => rows && withRows(rows, ids, found))
  }
}

const idsPerCall = 100

async function fetchRows(query: Record<string, string | undefined>, ids: readonly string[]): Promise<Machine[]> {
  const found: Machine[] = []
  for (let first = 0; first < ids.length; first += idsPerCall) {
    const machineIds = ids.slice(first, first + idsPerCall).join(',')
    const page = await call('GET /v1/machines', { query: { ...query, machineIds, limit: idsPerCall } as never })
    found.push(...page.items)
  }
  return found
}

const isMachineList = ({ queryKey, state }: Query): boolean =>
  queryKey[0] === 'GET /v1/machines' && queryKey[1] === 'all' && state.data !== undefined
