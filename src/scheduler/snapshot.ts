// What placement looks at: one group's machines with what is free on them, at one moment. Plain numbers, no database.

/** What one service instance asks of one machine. Whole cards only; `gpuMemoryMib` is asked of each card. */
export interface Demand {
  cpuMilli: number
  memoryMib: number
  gpuCount: number
  gpuMemoryMib: number
}

/** Why a machine takes no new service instance at all, whatever is free on it. */
export type ClosedBecause = 'not_running' | 'held' | 'lost'

/**
 * How long a machine is there for: `long`; `short`: it leaves within a week unless it is paid for again; `ending`: it leaves
 * within two hours.
 */
export type Term = 'long' | 'short' | 'ending'

export interface MachineRoom {
  machineId: string
  zoneId: string
  /** `long` unless told. */
  term?: Term
  /** null: it takes new service instances. */
  closedBecause: ClosedBecause | null
  /** By whom it is cordoned, where nothing else keeps it closed: lifted, it takes new service instances. */
  cordonedBy?: readonly string[]
  freeCpuMilli: number
  freeMemoryMib: number
  freeGpuCount: number
  /** Memory of each of its cards; 0 without cards. */
  gpuMemoryMib: number
}

export interface Wanted extends Demand {
  /** The service instance's id. */
  id: string
  /** Machines that this one must not use. */
  avoid?: readonly string[]
  /** The one machine that it is to go to: no other will do. */
  only?: string
  spread?: Spread
}

/** That the instances of one service stand apart: a wish, for which nobody waits. */
export interface Spread {
  by: 'machine' | 'zone'
  /** Whose instances: those of the same name in one plan count together. */
  name: string
  /** The machines of those that it has already, once for each. */
  machineIds: readonly string[]
}

export interface Placed {
  id: string
  machineId: string
}

export interface Unplaced {
  id: string
  reason: WaitingReason
}

export interface Plan {
  placed: Placed[]
  unplaced: Unplaced[]
}

/** Why a service instance waits, with the smallest change on one machine that would end the waiting. */
export interface WaitingReason {
  code: 'NoMachine' | 'NoOpenMachine' | 'NoRoom'
  message: string
  /** What is missing on the machine that comes closest; null where no machine is open. */
  missing: Missing | null
  nearestMachineId: string | null
  /** Each would be enough by itself; the smallest of its kind. None where only another machine helps. */
  helps: Help[]
  machines: { total: number; open: number; held: number; lost: number; notRunning: number }
}

/** Ask for no more than `to`, and there is room on this machine; or let this one take new service instances again. */
export type Help =
  | { change: 'shrink'; machineId: string; to: Demand }
  | { change: 'uncordon'; machineId: string; cordonedBy: string[] }

/** Each is above zero only where it is short. */
export interface Missing extends Demand {}
