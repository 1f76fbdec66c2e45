// Which free nodes a request may have, in the order in which they are tried. Pure. Each request begins at a place of its own, so
// that two control planes which claim at the same time seldom reach for the same node.
import { createHash } from 'node:crypto'
import type { ProvisionRequest } from '../../fleet/driver.ts'
import { type KeptNode, whyNotFree } from './node.ts'
import { type Amounts, difference, isWithin } from './quantity.ts'

export interface Choice {
  /** The value of the zone label by the zone's id; one that is not here is called as its id. */
  zones: Readonly<Record<string, string>>
  /** Keys of taints that nodes for sale may carry. */
  tolerated: readonly string[]
  others(nodeName: string): Amounts
}

export type Wanted = Pick<ProvisionRequest, 'zoneId' | 'specId' | 'cpuMilli' | 'memoryMiB' | 'gpuCount'>

const sizeOf = ({ cpuMilli, memoryMiB, gpuCount }: Wanted): Amounts => ({ cpuMilli, memoryMib: memoryMiB, gpuCount })

export const zoneOf = ({ zones }: Pick<Choice, 'zones'>, zoneId: string): string => zones[zoneId] ?? zoneId

/** What is left of a node beside others' pods. */
export const leftOf = (node: KeptNode, { others }: Pick<Choice, 'others'>): Amounts =>
  difference(node.allocatable, others(node.name))

/** null or why this node is not for this request. */
export function whyNotFor(node: KeptNode, wanted: Wanted, choice: Choice): string | null {
  if (node.specId !== wanted.specId) return 'of another spec'
  if (node.zone !== zoneOf(choice, wanted.zoneId)) return 'in another zone'
  const closed = whyNotFree(node, choice.tolerated)
  if (closed !== null) return closed
  return isWithin(sizeOf(wanted), leftOf(node, choice)) ? null : 'too small, less what other pods request'
}

/** Free ones of a zone and spec, in one order whoever looks. */
export function freeNodes(nodes: Iterable<KeptNode>, zoneId: string, specId: string, choice: Choice): KeptNode[] {
  const zone = zoneOf(choice, zoneId)
  const found: KeptNode[] = []
  for (const node of nodes)
    if (node.specId === specId && node.zone === zone && whyNotFree(node, choice.tolerated) === null) found.push(node)
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Where a request begins in a list of `length`. */
export const placeOf = (machineId: string, length: number): number =>
  length === 0 ? 0 : createHash('sha256').update(machineId).digest().readUInt32BE(0) % length

/** Why nothing was found, counted, for who asks what became of the stock. */
export function explain(nodes: Iterable<KeptNode>, wanted: Wanted, choice: Choice): string {
  const counts = new Map<string, number>()
  for (const node of nodes) {
    const because = node.specId === wanted.specId ? whyNotFor(node, wanted, choice) : null
    if (because !== null) counts.set(because, (counts.get(because) ?? 0) + 1)
  }
  const zone = zoneOf(choice, wanted.zoneId)
  if (counts.size === 0) return `no node carries the label berth.dev/spec=${wanted.specId}`
  const told = [...counts].map(([because, count]) => `${count} ${because}`).join(', ')
  return `no node of ${wanted.specId} in zone ${zone} is free: ${told}`
}
