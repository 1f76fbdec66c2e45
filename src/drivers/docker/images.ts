// Images are brought to the engine before a container is made from one: one fetch at a time for each, whoever waits for it.
import type { DockerEngine, RegistryLogin } from './engine.ts'
import { EngineError } from './engine.ts'
import { type Ended, imageFailed, imageMissing } from './outcome.ts'

/** `missing`: fetched when it is not there; `always`: before each start; `never`. */
export type PullPolicy = 'missing' | 'always' | 'never'

interface Fetch {
  done: Promise<Ended | null>
  abort: AbortController
  /** When the last has left, nobody wants it any more. */
  waiting: number
}

export class Images {
  readonly #engine: DockerEngine
  readonly #policy: PullPolicy
  readonly #fetches = new Map<string, Fetch>()

  constructor(engine: DockerEngine, policy: PullPolicy) {
    this.#engine = engine
    this.#policy = policy
  }

  /** Whether a container can be made from it without a fetch. */
  async isAtHand(image: string): Promise<boolean> {
    return this.#policy !== 'always' && (await this.#engine.hasImage(image))
  }

  /** null: it is there. Else why it can't be had. */
  async bring(image: string, login: RegistryLogin | null, signal: AbortSignal): Promise<Ended | null> {
    if (await this.isAtHand(image)) return null
    if (this.#policy === 'never') return imageMissing(image)
    // Another login may be given another answer.
    const key = `${image} ${login?.username ?? ''} ${login?.password ?? ''}`
    const fetch = this.#fetches.get(key) ?? this.#begin(key, image, login)
    fetch.waiting++
    const gone = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      if (signal.aborted) reject(signal.reason)
    })
    try {
      return await Promise.race([fetch.done, gone])
    } finally {
      if (--fetch.waiting === 0) fetch.abort.abort()
    }
  }

  #begin(key: string, image: string, login: RegistryLogin | null): Fetch {
    const abort = new AbortController()
    const done = this.#fetch(image, login, abort.signal).finally(() => this.#fetches.delete(key))
    done.catch(() => {}) // Those who wait are told; the last may have left.
    const fetch = { done, abort, waiting: 0 }
    this.#fetches.set(key, fetch)
    return fetch
  }

  async #fetch(image: string, login: RegistryLogin | null, signal: AbortSignal): Promise<Ended | null> {
    try {
      await this.#engine.pull(image, login, signal)
      return null
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      return imageFailed(image, error.message)
    }
  }
}

/** EAS's `dockerAuth`: base64 of user:password. null: it is not that. */
export function parseLogin(text: string): RegistryLogin | null {
  const plain = Buffer.from(text, 'base64').toString('utf8')
  const colon = plain.indexOf(':')
  return colon > 0 ? { username: plain.slice(0, colon), password: plain.slice(colon + 1) } : null
}
