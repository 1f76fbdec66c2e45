// A certificate chain and its key, from files.
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { messageOf, Refusal } from './errors.ts'

export interface TlsPaths {
  certificate: string
  key: string
}

export interface TlsPair {
  cert: string
  key: string
}

/** Refuses what can not be used, by its path. `field`: of berth.yaml, which names the two. */
export function readTls(paths: TlsPaths, field = 'tls'): TlsPair {
  const pair = {
    cert: readPem(`${field}.certificate`, paths.certificate),
    key: readPem(`${field}.key`, paths.key),
  }
  try {
    createSecureContext(pair)
  } catch (error) {
    const message = `${field}: ${paths.certificate} and ${paths.key} are not a certificate and its key (${messageOf(error)})`
    throw new Refusal('InvalidConfig', message, { field })
  }
  return pair
}

function readPem(field: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Refusal('InvalidConfig', `${field}: ${path} can't be read (${code})`, { field })
  }
}
