// The certificate of the API, from files: read at the start, and again when they change or the process is told to. A pair that
// can not be used is told in the log, and the one in use stays.
import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:https'
import { messageOf } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { readTls, type TlsPair, type TlsPaths } from '../lib/tls-pair.ts'

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
