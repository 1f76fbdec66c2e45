// The oracle's rules of machines and groups: what may be asked of them, and what money keeps from happening.
import { accept } from './ends.ts'
import { lineOfPurchase, type Now } from './orders.ts'
import { type Account, isEnded, type Machine, machineOf } from './state.ts'

/** Postpaid at any time, prepaid never before its expiry, nothing of an order under way; all of them or none. */
export function release(account: Account, ids: readonly string[], now: Now): string {
  const machines = [...new Set(ids)].flatMap(id => machineOf(account, id) ?? [])
  for (const machine of machines.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    if (machine.phase === 'failed' || machine.phase === 'released') continue
    if (lineOfPurchase(machine).phase !== 'delivered' && !isEnded(machine.order)) return 'OrderInProgress'
    if (machine.paid !== null && machine.paid.expires > now.at) return 'PrepaidNotExpired'
  }
  for (const machine of machines) accept(machine, now.at)
  return 'done'
}

export function deleteGroup(account: Account, id: string): string {
  const group = account.groups.find(one => one.id === id)
  if (!group || group.deleted) return 'GroupNotFound'
  if (isUsed(account, id)) return 'GroupNotEmpty'
  group.deleted = true
  return 'done'
}

export const isUsed = (account: Account, group: string): boolean =>
  account.machines.some(m => m.group === group && m.phase !== 'released' && m.phase !== 'failed')

/** `seen`: the generation that the caller has read; null: whatever it is. */
export function renameGroup(account: Account, id: string, name: string, seen: number | null): string {
  const group = account.groups.find(one => one.id === id)
  if (!group || group.deleted) return 'GroupNotFound'
  if (seen !== null && seen !== group.generation) return 'GroupChanged'
  if (group.name === name) return 'done'
  if (account.groups.some(other => other !== group && !other.deleted && other.name === name)) return 'GroupNameTaken'
  group.name = name
  group.generation++
  return 'done'
}

export type Wish = 'cordon' | 'uncordon' | 'drain'

export function wish(machine: Machine, what: Wish): string {
  if (machine.phase === 'releasing' || machine.phase === 'released') return 'MachineLeaving'
  if (machine.phase !== 'running') return 'MachineNotRunning'
  if (what === 'uncordon') {
    if (machine.billingHold || machine.healthHold) return 'MachineHeld'
    if (machine.drain === 'on') machine.drain = null
    machine.drainHeld = false
  }
  if (what === 'drain' && !isDraining(machine)) Object.assign(machine, { drain: 'on', drainHeld: true })
  return 'done'
}

/** Under way, or emptied and still held. */
export const isDraining = ({ drain, drainHeld }: Machine): boolean =>
  drain === 'on' || (drain === 'drained' && drainHeld)
