// Secrets that must be read again (an HMAC is verified with the secret itself) are kept encrypted by the installation's key:
// AES-256-GCM, layout: version 1, 12 bytes nonce, 16 bytes tag, cipher text.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { invariant } from '../lib/invariant.ts'
import { type Random, systemRandom } from '../lib/random.ts'

const version = 1
const nonceBytes = 12
const tagBytes = 16

export class SecretBox {
  readonly #key: Buffer
  readonly #random: Random

  constructor(key: Buffer, random: Random = systemRandom) {
    invariant(key.length === 32, 'the key of a secret box has 32 bytes')
    this.#key = key
    this.#random = random
  }

  seal(text: string): Buffer {
    const nonce = this.#random.bytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), sealed])
  }

  /** Throws when the text was sealed with another key or changed since. */
  open(cipher: Buffer): string {
    invariant(cipher[0] === version && cipher.length > nonceBytes + tagBytes, 'a sealed secret has a known layout')
    const nonce = cipher.subarray(1, 1 + nonceBytes)
    const tag = cipher.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes)
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: tagBytes })
    decipher.setAuthTag(tag)
    const text = Buffer.concat([decipher.update(cipher.subarray(1 + nonceBytes + tagBytes)), decipher.final()])
    return text.toString('utf8')
  }
}
