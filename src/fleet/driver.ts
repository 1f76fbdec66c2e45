// Where machines come from. A driver knows nothing of money, groups' names or services: the comments here are its
// contract, and one suite (test/drivers/) runs against every driver.

export interface MachineDriver {
  /** How many more machines of this spec the zone could give now; null: the driver sets no bound of its own. */
  stock(zoneId: string, specId: string): Promise<number | null>

  /**
   * Asks for machines. Each `effectId` is the idempotency key: asking again with the same one answers what the first call
   * did. Answers per machine and in order; it need not wait until the machine runs: `observe` tells. A call that arrives
   * after the machine's release makes nothing (`CreateFailed`): so a release also ends what is still on its way.
   */
  provision(requests: readonly ProvisionRequest[]): Promise<ProvisionAnswer[]>

  /** The driver's present word on these machines, in order. `not_found` is an answer, an error means "no word". */
  observe(machines: readonly MachineRef[]): Promise<MachineObservation[]>

  /**
   * Asks for larger system disks; a driver whose disks can't grow leaves it out. Each `effectId` is the idempotency key.
   * A disk that has that much already, or more, is a success: it never shrinks. The answer, per machine and in order, is
   * final; an error or no answer means "no word", and the same is asked again.
   */
  resize?(requests: readonly ResizeRequest[]): Promise<ResizeAnswer[]>

  /** Gives machines back. Repeated until `observe` says `not_found`; releasing what is not there is a success. */
  release(machines: readonly MachineRef[]): Promise<void>

  /**
   * Says which of these running machines Berth holds and why, so that nobody else puts anything there either. Said again and
   * again, of no cost where it is known; an engine on which nobody else puts anything leaves it out.
   */
  showHolds?(machines: readonly MachineHold[]): Promise<void>

  /**
   * Ids of machines of which `observe` may say something else now: a nudge, never the only way to learn of it. An engine that
   * is only asked leaves it out.
   */
  changes?(signal: AbortSignal): AsyncIterable<string>

  /** Every machine that this driver holds for this installation: the book that ours is compared with. */
  list(): AsyncIterable<{ machineId: string; effectId: string }>
}

export interface ProvisionRequest {
  effectId: string
  machineId: string
  accountId: string
  groupId: string
  zoneId: string
  specId: string
  cpuMilli: number
  memoryMiB: number
  gpuCount: number
  systemDiskGiB: number
}

/** The closed list of expected refusals; anything else that goes wrong is thrown, and asked again. */
export type ProvisionRefusal = 'InsufficientStock' | 'UnknownSpec' | 'UnknownZone' | 'CreateFailed'

export type ProvisionAnswer =
  | { ok: true; driverRef: string }
  | { ok: false; refusal: ProvisionRefusal; message: string }

export interface ResizeRequest extends MachineRef {
  effectId: string
  systemDiskGiB: number
}

export type ResizeAnswer =
  /** What the disk has now. */
  { ok: true; systemDiskGiB: number } | { ok: false; refusal: 'ResizeRefused'; message: string }

export interface MachineRef {
  machineId: string
  zoneId: string
  driverRef: string | null
}

export interface MachineHold extends MachineRef {
  /** null: Berth does not hold it. */
  heldBecause: string | null
}

export type MachineObservation =
  | { state: 'provisioning' }
  | RunningMachine
  | { state: 'failed'; message: string }
  | { state: 'lost'; message: string }
  /** The driver has no word on this one: it may well run. */
  | { state: 'unreachable'; message: string }
  | { state: 'not_found' }

export interface RunningMachine {
  state: 'running'
  address: string
  /** What others leave of it; absent: all of what was sold. */
  usable?: { cpuMilli: number; memoryMib: number; gpuCount: number }
  /** Somebody has cordoned it in the engine itself. */
  cordoned?: { by: string; reason: string }
}
