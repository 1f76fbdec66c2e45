// A control plane in another process, as its tests see it.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ProvisionAnswer } from '../../../src/fleet/driver.ts'
import type { PlaneCommand, PlaneOrder } from './plane-process.ts'

type Said = { call: number; answer?: unknown; error?: string }

export class Plane {
  readonly #child: ChildProcess
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>()
  #calls = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (said: Said) => {
      const waiting = this.#open.get(said.call)
      this.#open.delete(said.call)
      if (said.error === undefined) waiting?.resolve(said.answer)
      else waiting?.reject(new Error(said.error))
    })
    child.once('exit', code => {
      for (const waiting of this.#open.values()) waiting.reject(new Error(`the control plane ended with ${code}`))
    })
  }

  static async start(order: PlaneOrder): Promise<Plane> {
    const program = fileURLToPath(new URL('plane-process.ts', import.meta.url))
    const child = fork(program, [JSON.stringify(order)], { execArgv: ['--disable-warning=ExperimentalWarning'] })
    await once(child, 'message')
    return new Plane(child)
  }

  stock = (as: string) => this.#call<number>(as, 'stock')
  provision = (as: string, machineIds: string[]) => this.#call<ProvisionAnswer[]>(as, 'provision', machineIds)
  release = (as: string, machineIds: string[]) => this.#call<void>(as, 'release', machineIds)
  /** Writes of nodes that it has asked for, those in vain included. */
  patches = () => this.#call<number>('any', 'patches')

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
  }

  async #call<T>(installationId: string, what: PlaneCommand['do'], machineIds: string[] = []): Promise<T> {
    const call = ++this.#calls
    const waiting = Promise.withResolvers<unknown>()
    this.#open.set(call, waiting)
    this.#child.send({ call, installationId, do: what, machineIds } satisfies PlaneCommand)
    return (await waiting.promise) as T
  }
}
