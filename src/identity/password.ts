// Passwords as data: what one must be, how one is made, and the text form of a hash (PHC), which carries its parameters.
import { Refusal } from '../lib/errors.ts'
import { randomText } from '../lib/id.ts'
import type { Random } from '../lib/random.ts'
import type { IdentityRefusal } from './access.ts'

export interface HashParameters {
  memoryKib: number
  passes: number
}

export interface PasswordHash extends HashParameters {
  salt: Buffer
  digest: Buffer
}

export const passwordLengthMin = 12
export const passwordLengthMax = 200

/** Length is what counts; the rest is the person's. */
export function checkPassword(password: string, userName: string, field = 'password'): void {
  const length = [...password].length
  const problem =
    length < passwordLengthMin || length > passwordLengthMax
      ? `use ${passwordLengthMin} to ${passwordLengthMax} characters`
      : new Set(password).size < 5 || password.toLowerCase() === userName
        ? 'this one is guessed at once; choose another'
        : null
  if (problem !== null) throw new Refusal<IdentityRefusal>('WeakPassword', `${field}: ${problem}`, { field })
}

/** 100 random bits in groups that can be read out. */
export const newPassword = (random: Random): string => (randomText(random, 20).match(/.{5}/g) ?? []).join('-')

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

export const hashText = ({ memoryKib, passes, salt, digest }: PasswordHash): string =>
  `$argon2id$v=19$m=${memoryKib},t=${passes},p=1$${unpadded(salt)}$${unpadded(digest)}`

const form = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=1\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/

/** null: not of this form. */
export function parseHash(text: string): PasswordHash | null {
  const [, memoryKib, passes, salt, digest] = form.exec(text) ?? []
  if (salt === undefined || digest === undefined) return null
  return {
    memoryKib: Number(memoryKib),
    passes: Number(passes),
    salt: Buffer.from(salt, 'base64'),
    digest: Buffer.from(digest, 'base64'),
  }
}
