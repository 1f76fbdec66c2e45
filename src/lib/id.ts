// Ids in EAS's forms (`eas-r-…` group, `eas-i-…` machine, `eas-m-…` service): random, never reused (Q51).
import type { Random } from './random.ts'

// Base 32 without the letters that are misread (i, l, o, u), as Crockford has it; lower case.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** `prefix-` and 20 characters of 5 bits: 100 random bits, so two never meet. */
export function newId(random: Random, prefix: string): string {
  return `${prefix}-${randomText(random, 20)}`
}

/** `length` characters of 5 random bits each. */
export function randomText(random: Random, length: number): string {
  let text = ''
  for (const byte of random.bytes(length)) text += alphabet[byte & 31]
  return text
}
