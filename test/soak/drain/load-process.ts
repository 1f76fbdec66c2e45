// The load as who steers it sees it.
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { FromLoad, LoadOrder, LoadResult, ToLoad } from './load.ts'

export class LoadProcess {
  readonly #child: ChildProcess = fork(join(import.meta.dirname, 'load.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })

  /** Resolves when as many are in flight as ever will be. */
  async begin(order: LoadOrder): Promise<void> {
    this.#child.send(order)
    await this.#answer()
  }

  tell(phase: 'draining' | 'steady'): void {
    this.#child.send(phase satisfies ToLoad)
  }

  /** Sends no more, and resolves when the last answer is there. */
  async end(): Promise<LoadResult> {
    this.#child.send('stop' satisfies ToLoad)
    const result = await this.#answer()
    if (result === 'flowing') throw new Error('the load did not end')
    return result
  }

  kill(): void {
    this.#child.kill()
  }

  #answer(): Promise<FromLoad> {
    return new Promise((resolve, reject) => {
      const gone = (code: number | null): void => reject(new Error(`the load ended by itself with ${code}`))
      this.#child.once('exit', gone)
      this.#child.once('message', message => {
        this.#child.off('exit', gone)
        resolve(message as FromLoad)
      })
    })
  }
}
