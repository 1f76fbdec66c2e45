// What is fetched for one service process before its program starts: one file after the other, each held on the machine
// until the process has ended.
import { parseModelUrl } from '../lib/model-url.ts'
import type { FetchState, ModelFetcher } from './models/model-fetcher.ts'
import type { Fetching, ServiceInstanceSpec } from './protocol.ts'

export class FilesFetch {
  readonly #fetcher: ModelFetcher
  readonly #spec: ServiceInstanceSpec
  readonly #givenUp = new AbortController()
  #state: FetchState | null = null

  constructor(fetcher: ModelFetcher, spec: ServiceInstanceSpec) {
    this.#fetcher = fetcher
    this.#spec = spec
  }

  get state(): Fetching | null {
    return this.#state === null ? null : { ...this.#state }
  }

  /** The paths by name. `begun` is told of each file. */
  async run(signal: AbortSignal, begun: (url: string) => void): Promise<Record<string, string>> {
    const files: Record<string, string> = {}
    try {
      for (const { name, url } of this.#spec.fetches) {
        const source = parseModelUrl(url)
        if ('problem' in source || source.kind === 'file') throw new Error(`${name} is not fetched from ${url}`)
        const either = AbortSignal.any([signal, this.#givenUp.signal])
        files[name] = await this.#fetcher.fetch(this.#spec.machineDir, source, either, state => {
          this.#state = state
          begun(state.url)
        })
      }
      return files
    } catch (error) {
      this.release(files)
      throw error
    } finally {
      this.#state = null
    }
  }

  giveUp(): void {
    this.#givenUp.abort(new Error('it is stopped before what it needs had come'))
  }

  hold(files: Record<string, string>): void {
    for (const path of Object.values(files)) this.#fetcher.hold(path)
  }

  release(files: Record<string, string>): void {
    for (const path of Object.values(files)) this.#fetcher.release(path)
  }
}
