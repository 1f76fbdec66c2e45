// Lists by the page, and watches: from a version on, with bookmarks on demand, and an end on demand.
import type { ServerResponse } from 'node:http'
import { keyOf } from '../../../src/drivers/kubernetes/api/objects.ts'
import type { Asked } from './address.ts'
import { selectsOf } from './selectors.ts'
import { expired } from './status.ts'
import type { Store, StoreEvent } from './store.ts'

export function answerList(store: Store, asked: Asked, res: ServerResponse | null): void {
  const [version = store.version, after = ''] = (asked.query.get('continue') ?? '')
    .split('|')
    .filter(part => part !== '')
  if (!store.knows(version)) throw expired()
  const selects = selectsOf(asked)
  const found = store.all(asked.kind).filter(object => keyOf(object) > after && selects(object))
  const limit = Number(asked.query.get('limit') ?? found.length) || found.length
  const items = found.slice(0, limit)
  const last = items.at(-1)
  const listed = asked.metadataOnly && items.length === 0 ? null : items
  const more = found.length > limit && last ? { continue: `${version}|${keyOf(last)}` } : {}
  const apiVersion = asked.group === '' ? asked.version : `${asked.group}/${asked.version}`
  const body = { apiVersion, kind: 'List', metadata: { resourceVersion: version, ...more }, items: listed }
  res?.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Those that stand now. */
export class OpenWatches {
  readonly store: Store
  readonly #open = new Map<ServerResponse, Asked>()

  constructor(store: Store) {
    this.store = store
  }

  /** Of one resource, or all of them. */
  count(plural?: string): number {
    return [...this.#open.values()].filter(asked => plural === undefined || asked.plural === plural).length
  }

  add(res: ServerResponse, asked: Asked): void {
    this.#open.set(res, asked)
    res.on('close', () => this.#open.delete(res))
  }

  /** Says to each up to where everything is told. */
  bookmark(): void {
    for (const res of this.#open.keys()) say(res, 'BOOKMARK', { metadata: { resourceVersion: this.store.version } })
  }

  /** The server ends them, as it does from time to time. */
  end(): void {
    for (const res of this.#open.keys()) res.end()
  }

  cut(): void {
    for (const res of this.#open.keys()) res.destroy()
  }

  /** Their place in the history is lost. */
  expire(): void {
    this.store.compact()
    for (const res of this.#open.keys()) {
      say(res, 'ERROR', expired().body())
      res.end()
    }
  }
}

export function answerWatch(watches: OpenWatches, asked: Asked, res: ServerResponse | null): void {
  if (res === null) return
  const selects = selectsOf(asked)
  const early: StoreEvent[] = []
  let tell = (event: StoreEvent): void => void early.push(event)
  const stop = watches.store.watch(asked.kind, asked.query.get('resourceVersion') ?? '', event => tell(event))
  res.on('close', stop)
  res.writeHead(200, { 'content-type': 'application/json' })
  res.flushHeaders()
  tell = event => {
    const was = event.before !== null && selects(event.before)
    const is = event.type !== 'DELETED' && selects(event.object)
    if (is) say(res, was ? 'MODIFIED' : 'ADDED', event.object)
    else if (was) say(res, 'DELETED', event.object)
  }
  for (const event of early) tell(event)
  watches.add(res, asked)
}

const say = (res: ServerResponse, type: string, object: object): void =>
  void res.write(`${JSON.stringify({ type, object })}\n`)
