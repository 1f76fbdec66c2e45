// Hashing and checking passwords: argon2id, two at a time, a bounded queue behind them. Each takes tens of milliseconds and
// megabytes by design, on threads that files and names need too, so that a crowd at the sign-in must not take them all.
import { argon2, timingSafeEqual } from 'node:crypto'
import { Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import type { Random } from '../lib/random.ts'
import type { IdentityRefusal } from './access.ts'
import { type HashParameters, hashText, type PasswordHash, parseHash } from './password.ts'

/** OWASP's floor for argon2id: 19 MiB, two passes. */
export const standardParameters: HashParameters = { memoryKib: 19_456, passes: 2 }
const saltBytes = 16
const digestBytes = 32

export interface PasswordsOptions {
  parameters?: HashParameters
  atOnceMax?: number
  waitingMax?: number
}

export class Passwords {
  readonly #random: Random
  readonly #parameters: HashParameters
  readonly #atOnceMax: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  /** What a password of nobody is compared with: as dear as a real one. */
  readonly #nobodys: PasswordHash
  #running = 0

  constructor(random: Random, options: PasswordsOptions = {}) {
    this.#random = random
    this.#parameters = options.parameters ?? standardParameters
    this.#atOnceMax = options.atOnceMax ?? 2
    this.#waitingMax = options.waitingMax ?? 32
    this.#nobodys = { ...this.#parameters, salt: random.bytes(saltBytes), digest: random.bytes(digestBytes) }
  }

  async hash(password: string): Promise<string> {
    const parameters = { ...this.#parameters, salt: this.#random.bytes(saltBytes) }
    return hashText({ ...parameters, digest: await this.#digest(password, parameters) })
  }

  /** null is nobody's hash: the work is the same, the answer no. `outdated`: made with other parameters than today's. */
  async verify(password: string, text: string | null): Promise<{ matches: boolean; outdated: boolean }> {
    const known = text === null ? null : parseHash(text)
    invariant(text === null || known !== null, 'a stored password hash has a known form')
    const { digest, ...parameters } = known ?? this.#nobodys
    const same = timingSafeEqual(await this.#digest(password, parameters), digest)
    const { memoryKib, passes } = this.#parameters
    return {
      matches: same && known !== null,
      outdated: parameters.memoryKib !== memoryKib || parameters.passes !== passes,
    }
  }

  async #digest(password: string, { memoryKib, passes, salt }: Omit<PasswordHash, 'digest'>): Promise<Buffer> {
    await this.#enter()
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        const message = password.normalize('NFC')
        const parameters = { message, nonce: salt, parallelism: 1, tagLength: digestBytes, memory: memoryKib, passes }
        argon2('argon2id', parameters, (error, digest) => (error ? reject(error) : resolve(digest)))
      })
    } finally {
      this.#leave()
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#atOnceMax) {
      this.#running++
      return
    }
    if (this.#waiting.length >= this.#waitingMax) {
      throw new Refusal<IdentityRefusal>('SignInBusy', 'Too many sign in at this moment; try again in some seconds.')
    }
    await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  /** The place goes to the next in the queue. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#running--
  }
}
