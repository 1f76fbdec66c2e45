// Requests put together into one run of the model: up to so many rows, and none waits longer than the bound, unless the
// model computes anyway: then what has come meanwhile goes together once it is free. Each caller gets its own rows back;
// where a run of several fails, each is run alone, so that one that can't be computed spoils no other.
import { invariant } from '../lib/invariant.ts'
import type { Model } from './model.ts'
import { joinRows, kindOf, rowsOf, splitRows } from './rows.ts'
import type { RawTensor } from './tensor.ts'

export interface BatchOptions {
  rowsMax: number
  waitMs: number
}

type Tensors = Record<string, RawTensor>

interface Asked {
  inputs: Tensors
  rows: number
  resolve(outputs: Tensors): void
  reject(error: unknown): void
}

/** What is gathered of one kind. */
interface Batch {
  outputs: string[]
  asked: Asked[]
  rows: number
  timer: NodeJS.Timeout
  due: boolean
}

export class Batcher {
  readonly #run: Model['infer']
  readonly #options: BatchOptions
  readonly #lost: (why: string) => void
  readonly #gathering = new Map<string, Batch>()
  #running = 0
  #off = false

  /** `lost` is told once, when the model turns out to answer several otherwise than row by row: each runs alone then. */
  constructor(run: Model['infer'], options: BatchOptions, lost: (why: string) => void) {
    this.#run = run
    this.#options = options
    this.#lost = lost
  }

  infer(inputs: Tensors, outputs: string[]): Promise<Tensors> {
    const rows = rowsOf(inputs)
    const { rowsMax } = this.#options
    if (this.#off || rows === null || rows === 0 || rows >= rowsMax) return this.#alone(inputs, outputs)
    const kind = kindOf(inputs, outputs)
    if ((this.#gathering.get(kind)?.rows ?? 0) + rows > rowsMax) this.#send(kind)
    return new Promise((resolve, reject) => {
      const batch = this.#gathering.get(kind) ?? this.#open(kind, outputs)
      batch.asked.push({ inputs, rows, resolve, reject })
      batch.rows += rows
      if (batch.rows === rowsMax) this.#send(kind)
    })
  }

  #open(kind: string, outputs: string[]): Batch {
    const timer = setTimeout(() => {
      batch.due = true
      if (this.#running === 0) this.#send(kind)
    }, this.#options.waitMs)
    const batch: Batch = { outputs, asked: [], rows: 0, timer, due: false }
    this.#gathering.set(kind, batch)
    return batch
  }

  #send(kind: string): void {
    const batch = this.#gathering.get(kind)
    if (batch === undefined) return
    this.#gathering.delete(kind)
    clearTimeout(batch.timer)
    void this.#together(batch)
  }

  async #together({ asked, outputs }: Batch): Promise<void> {
    const parts = asked.length > 1 ? await this.#computed(asked, outputs) : null
    if (parts !== null) {
      for (const [at, { resolve }] of asked.entries()) resolve(parts[at] ?? {})
      return
    }
    // In their order, each with its own end.
    for (const { inputs, resolve, reject } of asked) await this.#alone(inputs, outputs).then(resolve, reject)
  }

  /** null: several can't be computed at once, or not these. */
  async #computed(asked: readonly Asked[], outputs: string[]): Promise<Tensors[] | null> {
    const names = Object.keys(asked[0]?.inputs ?? {})
    const joined = Object.fromEntries(names.map(name => [name, joinRows(asked.map(one => tensorOf(one.inputs, name)))]))
    const given = await this.#alone(joined, outputs).catch(() => null)
    if (given === null) return null
    const counts = asked.map(({ rows }) => rows)
    const parts: Tensors[] = asked.map(() => ({}))
    for (const name of outputs) {
      const split = splitRows(tensorOf(given, name), counts)
      if (split === null) return this.#giveUp(`output "${name}" has not as many rows as went in`)
      for (const [at, tensor] of split.entries()) Object.assign(parts[at] ?? {}, { [name]: tensor })
    }
    return parts
  }

  #giveUp(why: string): null {
    if (!this.#off) this.#lost(why)
    this.#off = true
    return null
  }

  async #alone(inputs: Tensors, outputs: string[]): Promise<Tensors> {
    this.#running++
    try {
      return await this.#run(inputs, outputs)
    } finally {
      this.#running--
      if (this.#running === 0) this.#sendDue()
    }
  }

  #sendDue(): void {
    for (const [kind, { due }] of this.#gathering) if (due) this.#send(kind)
  }
}

function tensorOf(tensors: Tensors, name: string): RawTensor {
  const tensor = tensors[name]
  invariant(tensor, `tensor ${name} is there`)
  return tensor
}
