// The certificate of the API, from files: read at the start, and again when they change or the process is told to. A pair that
// can not be used is told in the log, and the one in use stays.
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:https'
import { createSecureContext } from 'node:tls'
import { messageOf, Refusal } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'

export interface TlsPaths {
  certificate: string
  key: string
}

export interface TlsPair {
  cert: string
  key: string
}

/** Refuses what can not be used, by its path. */
export function readTls(paths: TlsPaths): TlsPair {
  const pair = { cert: readPem('certificate', paths.certificate), key: readPem('key', paths.key) }
  try {
    createSecureContext(pair)
  } catch (error) {
    const message = `tls: ${paths.certificate} and ${paths.key} are not a certificate and its key (${messageOf(error)})`
    throw new Refusal('InvalidConfig', message, { field: 'tls' })
  }
  return pair
}

function readPem(field: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Refusal('InvalidConfig', `tls.${field}: ${path} can't be read (${code})`, { field: `tls.${field}` })
  }
}

export class TlsFiles {
  readonly #paths: TlsPaths
  readonly #log: Logger
  #inUse: TlsPair
  #refused = ''

  constructor(paths: TlsPaths, log: Logger) {
    this.#paths = paths
    this.#log = log
    this.#inUse = readTls(paths)
  }

  get pair(): TlsPair {
    return this.#inUse
  }

  /** Connections that are open keep theirs. True: there is a new pair. */
  reload(server: Server | TlsServer): boolean {
    try {
      const pair = readTls(this.#paths)
      if (pair.cert === this.#inUse.cert && pair.key === this.#inUse.key) return false
      if (server instanceof TlsServer) server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' })
      this.#inUse = pair
      this.#refused = ''
      this.#log.info({ certificate: this.#paths.certificate }, 'a new certificate is in use')
      return true
    } catch (error) {
      // Once per reason: it is looked at every few seconds.
      if (messageOf(error) !== this.#refused) this.#log.error({ err: error }, 'the certificate in use stays')
      this.#refused = messageOf(error)
      return false
    }
  }
}
