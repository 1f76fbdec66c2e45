// Who the command speaks for and to whom: the environment first (BERTH_API_URL, BERTH_ACCESS_KEY_ID, BERTH_ACCESS_KEY_SECRET),
// else the credentials that the first start of this host's Berth has written.
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, type Input, type Operations } from '../client/client.ts'
import { environment } from '../lib/env.ts'
import { isRefusal } from '../lib/errors.ts'
import { newId } from '../lib/id.ts'
import { systemRandom } from '../lib/random.ts'
import { type CliRefusal, refuse } from './failure.ts'

export interface ApiCommandOptions {
  /** Of the Berth on this host, whether it was ever started or not. */
  credentialsFile(): string
  /** Where they are now, if it runs; the addresses may differ from start to start. */
  apiUrl(): string | null
  gatewayUrl(): string | null
}

export type Role = 'owner' | 'operator'

interface StoredKey {
  accessKeyId: string
  secret: string
  accountId: string
}

export interface StoredCredentials {
  apiUrl: string
  owner: StoredKey
  operator: StoredKey
}

type Operation = keyof Operations

/** A lost connection is tried again for this long: control restarts within seconds. */
const reconnectMs = 10_000
const reconnectPauseMs = 250

export interface Credentials {
  apiUrl: string
  /** Of the installation on this host; null where the environment names another one. */
  gatewayUrl: string | null
  accessKeyId: string
  secret: string
}

export class Session {
  readonly #read: () => Credentials
  #opened: (Credentials & { client: Client }) | null = null
  #answered = false

  /** Read once they are needed: what a command finds wrong by itself needs none. */
  constructor(read: () => Credentials) {
    this.#read = read
  }

  get apiUrl(): string {
    return this.#open().apiUrl
  }

  get gatewayUrl(): string | null {
    return this.#open().gatewayUrl
  }

  #open(): Credentials & { client: Client } {
    if (this.#opened === null) {
      const credentials = this.#read()
      this.#opened = { ...credentials, client: new Client(credentials) }
    }
    return this.#opened
  }

  call<K extends Operation>(
    operation: K,
    ...[input]: Record<never, never> extends Input<K> ? [Input<K>?] : [Input<K>]
  ): Promise<Operations[K]['returns']> {
    return this.#repeat(operation, (input ?? {}) as Input<K>)
  }

  /** Calls again when the connection is lost and a second call can have no second effect. */
  async #repeat<K extends Operation>(operation: K, input: Input<K>): Promise<Operations[K]['returns']> {
    const { client } = this.#open()
    for (let waitedMs = 0; ; waitedMs += reconnectPauseMs) {
      try {
        const answer = await client.call(operation, input)
        this.#answered = true
        return answer
      } catch (error) {
        if (!this.#isLost(error) || waitedMs >= reconnectMs || !isRepeatable(operation, input)) throw error
        await delay(reconnectPauseMs)
      }
    }
  }

  /** Cut off under way, or gone since the last answer. Where nothing has ever answered, waiting is no help. */
  #isLost(error: unknown): boolean {
    if (!isRefusal(error, 'Unreachable' satisfies CliRefusal)) return false
    return this.#answered || /ECONNRESET|EPIPE|other side closed|terminated/.test(String(error.details.cause))
  }

  lines<K extends Operation>(operation: K, input: Input<K>, signal?: AbortSignal): AsyncIterable<string> {
    return this.#open().client.lines(operation, input, signal)
  }

  /** Every item of a list, page after page. */
  async *pages<K extends ListOperation>(operation: K, input: Input<K>): AsyncGenerator<ItemOf<K>> {
    for (let after: string | null | undefined; after !== null; ) {
      const query = { ...(input.query ?? {}), limit: 500, ...(after === undefined ? {} : { after }) }
      const page: Page<K> = await this.#repeat(operation, { ...input, query } as Input<K>)
      yield* page.items
      after = page.nextPageToken
    }
  }
}

interface Page<K extends ListOperation> {
  items: ItemOf<K>[]
  nextPageToken: string | null
}
type ListOperation = {
  [K in Operation]: Operations[K]['returns'] extends { items: unknown[]; nextPageToken: string | null } ? K : never
}[Operation]
type ItemOf<K extends ListOperation> = Operations[K]['returns']['items'][number]

function isRepeatable(operation: string, input: object): boolean {
  if (!operation.startsWith('POST ')) return true
  const { body } = input as { body?: { clientToken?: string } }
  return body?.clientToken !== undefined || operation.startsWith('POST /v1/quotes')
}

/** A name for one buying call: kept when the call is repeated, so that it buys once. */
export const newClientToken = (): string => newId(systemRandom, 'cli')

export const openSession = (options: ApiCommandOptions, role: Role): Session =>
  new Session(() => credentialsOf(options, role))

function credentialsOf(options: ApiCommandOptions, role: Role): Credentials {
  const env = environment()
  const gatewayUrl = env.BERTH_API_URL ? null : options.gatewayUrl()
  const accessKeyId = env.BERTH_ACCESS_KEY_ID
  const secret = env.BERTH_ACCESS_KEY_SECRET
  if (accessKeyId && secret) {
    const apiUrl = env.BERTH_API_URL || options.apiUrl() || readCredentials(options.credentialsFile()).apiUrl
    return { apiUrl, gatewayUrl, accessKeyId, secret }
  }
  const stored = readCredentials(options.credentialsFile())
  const apiUrl = env.BERTH_API_URL || options.apiUrl() || stored.apiUrl
  return { ...stored[role], apiUrl, gatewayUrl }
}

export function readCredentials(path: string): StoredCredentials {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOENT') {
      throw refuse(
        'CredentialsUnreadable',
        `${path} can't be read (${code}): it belongs to the user who started Berth.`,
      )
    }
    throw refuse(
      'CredentialsMissing',
      `there is no ${path}: Berth was never started here. Start it with \`berth up\`, or name another with ` +
        'BERTH_API_URL, BERTH_ACCESS_KEY_ID and BERTH_ACCESS_KEY_SECRET.',
    )
  }
  return JSON.parse(text) as StoredCredentials
}

/** Whose wallet the operator tops up when none is named: the owner's that the first start made. */
export function ownerAccountId(options: ApiCommandOptions): string {
  const { BERTH_ACCESS_KEY_ID, BERTH_API_URL } = environment()
  if (!BERTH_ACCESS_KEY_ID && !BERTH_API_URL) return readCredentials(options.credentialsFile()).owner.accountId
  throw refuse('InvalidArgument', 'account: name it with --account; `berth account list` lists them', 'account')
}
