// A traffic group: several services behind one name, each with its share of the requests. Pure.
import { Refusal } from '../../lib/errors.ts'
import type { RouteSplit } from '../routes/route.ts'

export type TrafficRefusal =
  | 'TrafficGroupNotFound'
  | 'TrafficGroupNameTaken'
  | 'TrafficGroupUnserved'
  | 'NotInTrafficGroup'
  | 'AlreadyInTrafficGroup'
  | 'InvalidWeights'
  | 'InvalidMirror'
  | 'ServiceKeyNotFound'
  | 'OnlyServiceKey'
  | 'NothingToSwitchBack'

export const weightMax = 1_000

export interface Member {
  serviceId: string
  name: string
  /** 0: it takes no part. */
  weight: number
  /** Its instances in the routes. */
  running: number
}

export interface Share extends Member {
  /** Of the requests to the group, as things stand. */
  sharePercent: number
}

/** What each member gets: one that has no instance gets nothing, and its share goes to the others. */
export function sharesOf(mode: RouteSplit['mode'], members: readonly Member[]): Share[] {
  const parts = members.map(({ weight, running }) => {
    if (weight === 0 || running === 0) return 0
    return mode === 'auto' ? running : weight
  })
  const total = parts.reduce((sum, part) => sum + part, 0)
  return members.map((member, index) => ({
    ...member,
    sharePercent: total === 0 ? 0 : Math.round(((parts[index] ?? 0) / total) * 10_000) / 100,
  }))
}

export interface SplitChange {
  mode?: RouteSplit['mode']
  /** By name or id of a member; those that are not named keep theirs. */
  weights?: Readonly<Record<string, number>>
  /** This one takes everything, all others nothing. */
  switchTo?: string
}

export interface PlannedSplit {
  mode: RouteSplit['mode']
  before: Share[]
  after: Share[]
  changed: boolean
  /** No member that takes part has an instance: requests would be answered 503. */
  unserved: boolean
}

/** What a change would make of a group; the change itself and its preview read it. */
export function planSplit(mode: RouteSplit['mode'], members: readonly Member[], change: SplitChange): PlannedSplit {
  const wanted = change.switchTo === undefined ? (change.weights ?? {}) : switched(members, change.switchTo)
  for (const [name, weight] of Object.entries(wanted)) {
    memberNamed(members, name)
    if (Number.isInteger(weight) && weight >= 0 && weight <= weightMax) continue
    throw new Refusal<TrafficRefusal>('InvalidWeights', `weights: a weight is a whole number from 0 to ${weightMax}`, {
      field: 'weights',
    })
  }
  const nextMode = change.mode ?? (change.switchTo === undefined ? mode : 'weighted')
  const next = members.map(member => ({
    ...member,
    weight: wanted[member.name] ?? wanted[member.serviceId] ?? member.weight,
  }))
  const after = sharesOf(nextMode, next)
  return {
    mode: nextMode,
    before: sharesOf(mode, members),
    after,
    changed: nextMode !== mode || next.some((member, index) => member.weight !== members[index]?.weight),
    unserved: after.every(member => member.sharePercent === 0),
  }
}

function switched(members: readonly Member[], to: string): Record<string, number> {
  const { serviceId } = memberNamed(members, to)
  return Object.fromEntries(members.map(member => [member.serviceId, member.serviceId === serviceId ? 100 : 0]))
}

function memberNamed(members: readonly Member[], name: string): Member {
  const found = members.find(member => member.name === name || member.serviceId === name)
  if (found) return found
  const message = `${name} is not in the group; its members: ${members.map(member => member.name).join(', ')}`
  throw new Refusal<TrafficRefusal>('NotInTrafficGroup', message, { field: 'service', service: name })
}
