// A fetcher for a machine of its own, with pauses of a millisecond.
import { createCipheriv, createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type FetchState, ModelFetcher, type ModelFetcherOptions } from '../../../src/agent/models/model-fetcher.ts'
import { fetchLimits, noModels } from '../../../src/agent/models/model-settings.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { type FetchedUrl, parseModelUrl } from '../../../src/lib/model-url.ts'
import { temporaryRoot } from '../../temporary.ts'

export const onLoopback = { ...noModels, allowPrivate: ['127.0.0.0/8'] }
export const quick = { ...fetchLimits, firstPauseMs: 1, pauseMsMax: 4, failuresMax: 3, hostReserveBytes: 0 }

/** The same seed gives the same bytes. */
export const bytesOf = (seed: string, length: number): Buffer => {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}
export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

export function aMachineDir(): string {
  const directory = mkdtempSync(join(temporaryRoot, 'berth-models-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export interface Fetching {
  machineDir: string
  fetcher: ModelFetcher
  /** What every fetch was told when it began, its present state. */
  states: FetchState[]
  /** The hash of what was fetched. */
  fetch(url: string, signal?: AbortSignal): Promise<string>
  /** The path, held until released. */
  path(url: string, signal?: AbortSignal): Promise<string>
  /** Names in the machine's cache, notes apart. */
  cached(): string[]
}

export function aFetcher(options: Partial<ModelFetcherOptions> = {}, machineDir = aMachineDir()): Fetching {
  const base = { settings: onLoopback, limits: quick, clock: systemClock, log: silentLog }
  const fetcher = new ModelFetcher({ ...base, ...options })
  const states: FetchState[] = []
  const path = (url: string, signal = new AbortController().signal): Promise<string> =>
    fetcher.fetch(machineDir, sourceOf(url), signal, state => states.push(state))
  return {
    ...{ machineDir, fetcher, states, path },
    fetch: async (url, signal) => sha256Of(readFileSync(await path(url, signal))),
    cached: () => readdirSync(join(machineDir, '.models')).filter(name => !name.endsWith('.json')),
  }
}

export function sourceOf(url: string): FetchedUrl {
  const source = parseModelUrl(url)
  if ('problem' in source || source.kind === 'file') throw new Error(`${url} is not fetched`)
  return source
}

export const sizeOf = (path: string): number => statSync(path).size
