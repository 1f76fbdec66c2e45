// Machines that exist only as rows: any number, with stated latencies, stock and faults, driven by the clock. It keeps its
// own book, on request as a file, so that a test can compare three books after everything else was killed. Several processes may
// share one such book: each reads what the others have written before it answers, and the first line on a machine counts.
import { closeSync, existsSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import type {
  MachineDriver,
  MachineObservation,
  MachineRef,
  ProvisionAnswer,
  ProvisionRefusal,
  ProvisionRequest,
  ResizeAnswer,
  ResizeRequest,
} from '../../fleet/driver.ts'
import type { Clock } from '../../lib/clock.ts'
import { OutcomeUnknownError } from '../../lib/fault.ts'

export interface SimulatedMachinesOptions {
  clock: Clock
  /** From the request to a running machine. */
  provisionMs?: number
  /** From the release until it is not found. */
  releaseMs?: number
  /** Machines by `zone/spec`; a pair that is not named has no bound. */
  stock?: Readonly<Record<string, number>>
  /** The book on disk: one JSON line per change, written before the answer. */
  journalPath?: string
}

export type ProvisionFault =
  | { do: 'refuse'; refusal: ProvisionRefusal }
  /** It is made, and then does not come up. */
  | { do: 'fail' }
  /** The whole call ends without an answer, with everything made or nothing. */
  | { do: 'time_out'; made: boolean }

export type ResizeFault =
  | { do: 'refuse' }
  /** The call ends without an answer, with the disk grown or as it was. */
  | { do: 'time_out'; grown: boolean }

interface Entry {
  machineId: string
  effectId: string
  zoneId: string
  specId: string
  number: number
  systemDiskGiB: number
  runsAtMs: number
  failed: boolean
  goneAtMs: number | null
  lost: boolean
  cutOff?: boolean
}

type Line =
  | ({ op: 'made' } & Entry)
  | { op: 'resized'; machineId: string; systemDiskGiB: number }
  | { op: 'released'; machineId: string; goneAtMs: number }

export class SimulatedMachines implements MachineDriver {
  readonly #options: SimulatedMachinesOptions
  readonly #entries = new Map<string, Entry>()
  /** Machines that were released, known or not: a request that arrives late finds its id here. */
  readonly #released = new Set<string>()
  readonly #resizeFaults: ResizeFault[] = []
  readonly #faults: { fault: ProvisionFault; after: number }[] = []
  #made = 0
  /** Up to where its book was read. */
  #readTo = 0

  constructor(options: SimulatedMachinesOptions) {
    this.#options = options
    this.#catchUp()
  }

  // ── for tests and trials ──

  /** One new machine meets this fault, after `after` others have been asked for. */
  inject(fault: ProvisionFault, after = 0): void {
    this.#faults.push({ fault, after })
  }

  /** The next call for larger disks meets this fault. */
  injectResize(fault: ResizeFault): void {
    this.#resizeFaults.push(fault)
  }

  /** What the disk of this machine has, as the driver's book says. */
  diskOf(machineId: string): number {
    return this.#mustFind(machineId).systemDiskGiB
  }

  /** It stops answering; `restore` brings it back. */
  lose(machineId: string): void {
    this.#mustFind(machineId).lost = true
  }

  restore(machineId: string): void {
    const entry = this.#mustFind(machineId)
    entry.lost = false
    entry.cutOff = false
  }

  /** Nobody can say anything of it; `restore` ends that. */
  cutOff(machineId: string): void {
    this.#mustFind(machineId).cutOff = true
  }

  /** While it is blind it answers nobody about any machine. */
  blind = false

  /** It is gone without a release. */
  vanish(machineId: string): void {
    this.#entries.delete(machineId)
  }

  /** Machines in its book that are not gone. */
  get size(): number {
    let count = 0
    for (const entry of this.#entries.values()) if (!this.#isGone(entry)) count++
    return count
  }

  // ── MachineDriver ──

  async stock(zoneId: string, specId: string): Promise<number | null> {
    this.#catchUp()
    const total = this.#options.stock?.[`${zoneId}/${specId}`]
    if (total === undefined) return null
    let held = 0
    for (const entry of this.#entries.values())
      if (entry.zoneId === zoneId && entry.specId === specId && !this.#isGone(entry)) held++
    return Math.max(0, total - held)
  }

  async provision(requests: readonly ProvisionRequest[]): Promise<ProvisionAnswer[]> {
    this.#catchUp()
    const lines: Line[] = []
    const answers: ProvisionAnswer[] = []
    let timedOut: { made: boolean } | null = null
    for (const request of requests) {
      const known = this.#entries.get(request.machineId)
      const fault = known || this.#released.has(request.machineId) ? null : this.#nextFault()
      if (fault?.do === 'time_out') timedOut = { made: fault.made }
      if (timedOut?.made === false) continue
      answers.push(known ? answerOf(known) : await this.#make(request, fault, lines))
    }
    this.#write(lines)
    if (timedOut) throw new OutcomeUnknownError('the simulated provider did not answer')
    return answers
  }

  async observe(machines: readonly MachineRef[]): Promise<MachineObservation[]> {
    if (this.blind) throw new OutcomeUnknownError('the simulated provider is not to be reached')
    this.#catchUp()
    const now = this.#nowMs()
    return machines.map(({ machineId }): MachineObservation => {
      const entry = this.#entries.get(machineId)
      if (!entry || this.#isGone(entry)) return { state: 'not_found' }
      if (entry.failed) return { state: 'failed', message: 'the simulated machine did not come up' }
      if (entry.cutOff) return { state: 'unreachable', message: 'the simulated machine is cut off' }
      if (entry.lost) return { state: 'lost', message: 'the simulated machine does not answer' }
      if (now < entry.runsAtMs) return { state: 'provisioning' }
      return { state: 'running', address: addressOf(entry.number) }
    })
  }

  async resize(requests: readonly ResizeRequest[]): Promise<ResizeAnswer[]> {
    this.#catchUp()
    const fault = this.#resizeFaults.shift()
    if (fault?.do === 'refuse') return requests.map(() => noResize('refused by an injected fault'))
    if (fault?.do === 'time_out' && !fault.grown) throw new OutcomeUnknownError('the simulated provider did not answer')
    const lines: Line[] = []
    const answers = requests.map(({ machineId, systemDiskGiB }): ResizeAnswer => {
      const entry = this.#entries.get(machineId)
      if (!entry || this.#isGone(entry)) return noResize(`there is no machine ${machineId}`)
      if (entry.systemDiskGiB < systemDiskGiB) lines.push({ op: 'resized', machineId, systemDiskGiB })
      return { ok: true, systemDiskGiB: Math.max(entry.systemDiskGiB, systemDiskGiB) }
    })
    for (const line of lines) this.#read(line)
    this.#write(lines)
    if (fault?.do === 'time_out') throw new OutcomeUnknownError('the simulated provider did not answer')
    return answers
  }

  async release(machines: readonly MachineRef[]): Promise<void> {
    this.#catchUp()
    const goneAtMs = this.#nowMs() + (this.#options.releaseMs ?? 0)
    const lines: Line[] = []
    for (const { machineId } of machines) {
      if (this.#released.has(machineId)) continue
      lines.push({ op: 'released', machineId, goneAtMs })
    }
    for (const line of lines) this.#read(line)
    this.#write(lines)
  }

  async *list(): AsyncIterable<{ machineId: string; effectId: string }> {
    this.#catchUp()
    for (const entry of this.#entries.values())
      if (!this.#isGone(entry)) yield { machineId: entry.machineId, effectId: entry.effectId }
  }

  // ── its book ──

  async #make(request: ProvisionRequest, fault: ProvisionFault | null, lines: Line[]): Promise<ProvisionAnswer> {
    const { machineId, effectId, zoneId, specId, systemDiskGiB } = request
    if (this.#released.has(machineId)) return refusal('CreateFailed', 'it was released before it was made')
    if (fault?.do === 'refuse') return refusal(fault.refusal, 'refused by an injected fault')
    if ((await this.stock(zoneId, specId)) === 0)
      return refusal('InsufficientStock', `no ${specId} is left in ${zoneId}`)
    const number = this.#made++
    const runsAtMs = this.#nowMs() + (this.#options.provisionMs ?? 0)
    const flags = { failed: fault?.do === 'fail', goneAtMs: null, lost: false }
    const entry: Entry = { machineId, effectId, zoneId, specId, number, systemDiskGiB, runsAtMs, ...flags }
    this.#entries.set(machineId, entry)
    lines.push({ op: 'made', ...entry })
    return answerOf(entry)
  }

  /** Whole lines that were written since, by others or by ourselves: reading one again changes nothing. */
  #catchUp(): void {
    const { journalPath } = this.#options
    if (journalPath === undefined || !existsSync(journalPath)) return
    const file = openSync(journalPath, 'r')
    try {
      const bytes = Buffer.alloc(fstatSync(file).size - this.#readTo)
      if (bytes.length === 0) return
      const end = bytes.lastIndexOf('\n', readSync(file, bytes, 0, bytes.length, this.#readTo)) + 1
      for (const line of bytes.toString('utf8', 0, end).split('\n')) if (line !== '') this.#read(JSON.parse(line))
      this.#readTo += end
    } finally {
      closeSync(file)
    }
  }

  #read(line: Line): void {
    if (line.op === 'made') {
      const { op: _, ...entry } = line
      if (this.#entries.has(entry.machineId)) return
      // Books from before disks could grow say nothing of their size.
      this.#entries.set(entry.machineId, { ...entry, systemDiskGiB: entry.systemDiskGiB ?? 0 })
      this.#made = Math.max(this.#made, entry.number + 1)
      return
    }
    const entry = this.#entries.get(line.machineId)
    if (line.op === 'resized') {
      if (entry) entry.systemDiskGiB = line.systemDiskGiB
      return
    }
    this.#released.add(line.machineId)
    if (entry) entry.goneAtMs = line.goneAtMs
  }

  #write(lines: Line[]): void {
    const { journalPath } = this.#options
    if (journalPath === undefined || lines.length === 0) return
    // One write: lines of several processes do not mix.
    const file = openSync(journalPath, 'a')
    writeSync(file, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
    closeSync(file)
  }

  #nextFault(): ProvisionFault | null {
    const due = this.#faults.findIndex(one => one.after <= 0)
    for (const one of this.#faults) one.after--
    return due < 0 ? null : (this.#faults.splice(due, 1)[0]?.fault ?? null)
  }

  #isGone = (entry: Entry): boolean => entry.goneAtMs !== null && this.#nowMs() >= entry.goneAtMs

  #nowMs = (): number => this.#options.clock.now().epochMilliseconds

  #mustFind(machineId: string): Entry {
    const entry = this.#entries.get(machineId)
    if (!entry) throw new Error(`the simulated provider has no ${machineId}`)
    return entry
  }
}

const answerOf = (entry: Entry): ProvisionAnswer => ({ ok: true, driverRef: `sim-${entry.number}` })

const refusal = (code: ProvisionRefusal, message: string): ProvisionAnswer => ({ ok: false, refusal: code, message })

const noResize = (message: string): ResizeAnswer => ({ ok: false, refusal: 'ResizeRefused', message })

/** 10.0.0.1, 10.0.0.2 …: up to 16 million differ. */
const addressOf = (number: number): string => {
  const n = number + 1
  return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
}
