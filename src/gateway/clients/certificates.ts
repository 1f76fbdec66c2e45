// The certificates of the gateway's TLS port, from files: read at the start, and again when they change or the process is told
// to. Which one a client is shown goes by the name that it asks for; the first is for those that ask for none that is known. A
// pair that can not be used is told in the log, and the one in use stays.
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { messageOf } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import { readTls, type TlsPair, type TlsPaths } from '../../lib/tls-pair.ts'

/** TLS 1.2 is what clients of the last decade speak. */
const minVersion = 'TLSv1.2'

interface Shown {
  paths: TlsPaths
  field: string
  pair: TlsPair
  names: X509Certificate
  context: SecureContext
  /** Why what is on disk is not in use; said once. */
  refused: string
}

export class Certificates {
  readonly #shown: Shown[]
  readonly #log: Logger

  /** Refuses what can not be used, by its path. */
  constructor(paths: readonly TlsPaths[], log: Logger) {
    this.#log = log
    this.#shown = paths.map((one, index) => shown(one, `gateway.tls.${index}`))
  }

  /** For the options of a server: what is shown where no name is asked for, or none that is known. */
  get fallback(): TlsPair & { minVersion: typeof minVersion } {
    const [first] = this.#shown
    if (first === undefined) throw new Error('gateway.tls: name at least one certificate')
    return { ...first.pair, minVersion }
  }

  /** null: the fallback. */
  contextFor(name: string): SecureContext | null {
    return this.#shown.find(one => one.names.checkHost(name) !== undefined)?.context ?? null
  }

  /** True: there is a new one. Connections that are open keep theirs. */
  reload(): boolean {
    let changed = false
    for (const [index, one] of this.#shown.entries()) {
      try {
        const pair = readTls(one.paths, one.field)
        if (pair.cert === one.pair.cert && pair.key === one.pair.key) continue
        this.#shown[index] = shown(one.paths, one.field)
        this.#log.info({ certificate: one.paths.certificate }, 'a new certificate is in use')
        changed = true
      } catch (error) {
        // Once per reason: it is looked at every few seconds.
        if (messageOf(error) !== one.refused) this.#log.error({ err: error }, 'the certificate in use stays')
        one.refused = messageOf(error)
      }
    }
    return changed
  }
}

function shown(paths: TlsPaths, field: string): Shown {
  const pair = readTls(paths, field)
  const context = createSecureContext({ ...pair, minVersion })
  return { paths, field, pair, names: new X509Certificate(pair.cert), context, refused: '' }
}
