// Hands heavy money work to its thread and brings the reports back. A thread that ends is started anew by the next call.
import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { FencedError } from '../db/fence.ts'
import type { HeldDuty } from '../reconcile/duties.ts'
import type { Report } from '../reconcile/loop.ts'

export type MoneyTask = 'billing' | 'corrections' | 'statements' | 'auditor'

export interface MoneyThreadOptions {
  databaseUrl: string
  /** The billing zone. */
  zone: string
  /** The application_name of its connections. */
  session?: string
}

/** `duty`: on whose behalf it is done; absent where one process has it for itself. */
export type MoneyRequest = { id: number; task: MoneyTask; duty?: HeldDuty } | 'close'
export type MoneyAnswer = { id: number; report: Report } | { id: number; error: string } | { id: number; fenced: true }

interface Waiting {
  resolve(report: Report): void
  reject(error: Error): void
  duty: HeldDuty | undefined
}

export class MoneyWork {
  readonly #options: MoneyThreadOptions
  readonly #waiting = new Map<number, Waiting>()
  #thread: Worker | null = null
  #last = 0

  constructor(options: MoneyThreadOptions) {
    this.#options = options
  }

  /** Rejects with what the task threw, or when the thread ends. */
  run(task: MoneyTask, duty?: HeldDuty): Promise<Report> {
    const id = ++this.#last
    this.#thread ??= this.#start()
    const request: MoneyRequest = { id, task, ...(duty && { duty }) }
    this.#thread.postMessage(request)
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, duty }))
  }

  async close(): Promise<void> {
    const thread = this.#thread
    if (!thread) return
    const gone = once(thread, 'exit')
    thread.postMessage('close' satisfies MoneyRequest)
    await gone
  }

  #start(): Worker {
    // The file beside this one, whether this is TypeScript in a checkout or JavaScript in a package.
    const file = new URL(`./money-thread${extname(import.meta.url)}`, import.meta.url)
    const thread = new Worker(file, { workerData: this.#options })
    thread.on('message', (answer: MoneyAnswer) => {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('report' in answer) waiting?.resolve(answer.report)
      else if ('error' in answer) waiting?.reject(new Error(answer.error))
      else waiting?.reject(new FencedError(waiting.duty?.name ?? '', waiting.duty?.fencingToken ?? 0n))
    })
    thread.on('error', error => this.#ended(thread, error instanceof Error ? error : new Error(String(error))))
    thread.on('exit', code => this.#ended(thread, new Error(`the thread of money work ended with code ${code}`)))
    return thread
  }

  #ended(thread: Worker, why: Error): void {
    if (this.#thread === thread) this.#thread = null
    for (const { reject } of this.#waiting.values()) reject(why)
    this.#waiting.clear()
  }
}
