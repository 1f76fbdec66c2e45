// Calls of an operation with one credential and three kinds of ids (one's own, another account's, of nobody), and what their
// answers give away. An answer is compared without the ids that were asked for and without the id of the request.
import { SeededRandom } from '../../src/lib/random.ts'
import { Browser } from './browser.ts'
import type { Principal, TestApi } from './harness.ts'
import type { Answer } from './send.ts'
import type { TenantRow } from './tenant-rows.ts'

export type Ids = Record<string, string>
export type Credential = Principal | Browser | null

export class TenantMatrix {
  readonly #api: TestApi
  readonly #random = new SeededRandom('tenants')
  readonly #cells = new Set<string>()
  /** Requests that were sent. */
  calls = 0

  constructor(api: TestApi) {
    this.#api = api
  }

  /** Operation × credential × ids that have been tried. */
  get cells(): number {
    return this.#cells.size
  }

  /** Of the same form, of nobody. */
  strange(ids: Ids): Ids {
    return Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, this.#strangeId(id)]))
  }

  #strangeId(id: string): string {
    const kept = /^(eas-[rim]-|[a-z]+-|LTAI|digits_)?/.exec(id)?.[0] ?? ''
    const text = this.#random.bytes(40).toString('hex')
    return kept + text.slice(0, id.length - kept.length)
  }

  async call(caller: Credential, name: string, row: TenantRow, ids: Ids): Promise<Answer> {
    this.calls++
    const [method = '', template = ''] = name.split(' ')
    const { query = {}, body, headOnly = false } = row.input?.(ids) ?? {}
    const path = template.replaceAll(/\{(\w+)\}/g, (_, param: string) =>
      encodeURIComponent(ids[param] ?? row.fixed?.[param] ?? ''),
    )
    const text = new URLSearchParams(query).toString()
    const target = text === '' ? path : `${path}?${text}`
    if (caller instanceof Browser) return caller.send(method, target, { body, headOnly })
    return this.#api.send(caller, method, target, { body, headOnly })
  }

  /** The answers to the three kinds of ids; each is one cell of the matrix. */
  async three(who: string, caller: Credential, name: string, row: TenantRow, own: Ids, theirs: Ids) {
    const kinds = { own, theirs, random: this.strange(theirs) }
    const found: { kind: string; answer: Answer; face: string }[] = []
    for (const [kind, ids] of Object.entries(kinds)) {
      const answer = await this.call(caller, name, row, ids)
      this.#cells.add(`${name} ${who} ${kind}`)
      found.push({ kind, answer, face: faceOf(answer, ids) })
    }
    return found
  }

  /** Counts a cell that was tried otherwise. */
  tried(name: string, who: string, kind: 'own' | 'theirs' | 'random'): void {
    this.#cells.add(`${name} ${who} ${kind}`)
  }

  /**
   * What the answers to another account's ids tell: an id of theirs, alone or with all the others, must be answered exactly
   * as one of nobody, and in the path never with a success. Empty: nothing.
   */
  async leaks(who: string, caller: Credential, name: string, row: TenantRow, own: Ids, theirs: Ids): Promise<string[]> {
    const leaks: string[] = []
    if (Object.keys(theirs).length === 0) return leaks
    const mixed = Object.keys(theirs).map(param => ({ ...own, [param]: theirs[param] ?? '' }))
    for (const asked of [theirs, ...(mixed.length > 1 ? mixed : [])]) {
      const foreign = Object.keys(asked).filter(param => asked[param] !== own[param])
      const nobodys = {
        ...asked,
        ...this.strange(Object.fromEntries(foreign.map(param => [param, asked[param] ?? '']))),
      }
      const answer = await this.call(caller, name, row, asked)
      const [theirFace, face] = [faceOf(answer, asked), faceOf(await this.call(caller, name, row, nobodys), nobodys)]
      if (theirFace !== face) leaks.push(`${foreign.join(' and ')}: ${theirFace}\n  but of nobody: ${face}`)
      if (foreign.some(param => name.includes(`{${param}}`)) && ![401, 403, 404].includes(answer.status)) {
        leaks.push(`${foreign.join(' and ')}: answered ${answer.status}`)
      }
    }
    this.tried(name, who, 'theirs')
    this.tried(name, who, 'random')
    return leaks
  }
}

/** Status and text, without the ids that were asked for and the id of the request. */
export const faceOf = ({ status, text, body }: Answer, ids: Ids): string =>
  Object.entries(ids).reduce(
    (face, [name, id]) => face.replaceAll(id, `<${name}>`),
    `${status} ${text.replaceAll(body.requestId ?? '\0', '<request>')}`,
  )
