// What controllers and gateways know of each other over a network: one secret, by which both prove themselves and what they say is
// sealed (TLS with a pre-shared key, with forward secrecy). There are no certificates to make, name and renew.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { ConnectionOptions, TlsOptions } from 'node:tls'

const identity = 'berth-gateway'
const shared = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  // OpenSSL takes keys from outside for TLS 1.2.
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const

const keyOf = (secret: string): Buffer => createHash('sha256').update(`berth routes ${secret}`).digest()

export function tlsForControllers(secret: string): TlsOptions {
  const key = keyOf(secret)
  const known = Buffer.from(identity)
  return {
    ...shared,
    pskCallback: (_socket, name) => {
      const given = Buffer.from(name)
      return given.length === known.length && timingSafeEqual(given, known) ? key : null
    },
  }
}

export function tlsForGateways(secret: string): ConnectionOptions {
  const psk = keyOf(secret)
  // Who has the key is a controller, whatever its name.
  return { ...shared, checkServerIdentity: () => undefined, pskCallback: () => ({ psk, identity }) }
}
