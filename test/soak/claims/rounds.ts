// Rounds of two control planes that claim at the same time: as two installations that want more nodes than there are, and as two
// controllers of one, asked for the same machines. What the answers say is held against what stands on the nodes.
import type { ApiServer } from '../../../src/drivers/kubernetes/api/api-server.ts'
import type { KubeObject } from '../../../src/drivers/kubernetes/api/objects.ts'
import { nodes } from '../../../src/drivers/kubernetes/api/resources.ts'
import { machineLabel } from '../../../src/drivers/kubernetes/pod-labels.ts'
import type { ProvisionAnswer } from '../../../src/fleet/driver.ts'
import { until } from '../../installation.ts'
import type { Plane } from './plane.ts'

export interface RoundsWorld {
  api: ApiServer
  planes: readonly [Plane, Plane]
  /** Of the nodes. */
  labelSelector: string
  nodeCount: number
  wantedByEach: number
  /** Part of names. */
  run: string
  /** Something goes wrong with requests of this round. */
  trouble?(round: number): void
}

export interface Tally {
  rounds: number
  claimed: number
  /** A node in the answers of both. */
  claimedTwice: number
  machinesWithTwoNodes: number
  /** An answer that is not what stands on the node. */
  untrue: number
  /** Rounds in which a node that both could have had was left free, or a machine without one. */
  unmet: number
}

const none: Tally = { rounds: 0, claimed: 0, claimedTwice: 0, machinesWithTwoNodes: 0, untrue: 0, unmet: 0 }

export async function runRounds(world: RoundsWorld, count: number, told?: (tally: Tally) => void): Promise<Tally> {
  let tally = none
  for (let round = 1; round <= count; round++) {
    world.trouble?.(round)
    const found = round % 2 === 1 ? await apart(world, round) : await together(world, round)
    tally = Object.fromEntries(
      Object.entries(tally).map(([name, value]) => [name, value + found[name as keyof Tally]]),
    ) as unknown as Tally
    told?.(tally)
  }
  return tally
}

const idsOf = (run: string, round: number, who: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `eas-i-${run}-${round}-${who}-${index}`)

/** Two installations: what one has, the other has not. */
async function apart(world: RoundsWorld, round: number): Promise<Tally> {
  const { planes, wantedByEach, nodeCount, run } = world
  const names = [`${run}-one`, `${run}-two`]
  const ids = names.map((_, index) => idsOf(run, round, String(index), wantedByEach))
  await allFree(world, names)
  const answers = await Promise.all(
    planes.map((plane, i) => insist(() => plane.provision(names[i] ?? '', ids[i] ?? []))),
  )
  const refs = answers.flatMap((some, i) =>
    some.flatMap((one, j) => (one.ok ? [[ids[i]?.[j] ?? '', one.driverRef]] : [])),
  )
  const standing = await machinesOnNodes(world)
  const distinct = new Set(refs.map(([, node]) => node)).size
  await Promise.all(planes.map((plane, i) => insist(() => plane.release(names[i] ?? '', ids[i] ?? []))))
  return {
    ...{ ...none, rounds: 1, claimed: refs.length, claimedTwice: refs.length - distinct },
    untrue: refs.filter(([machine, node]) => standing.get(node ?? '') !== machine).length,
    unmet: refs.length < Math.min(nodeCount, wantedByEach * 2) ? 1 : 0,
  }
}

/** Two controllers of one installation, asked for the same machines. */
async function together(world: RoundsWorld, round: number): Promise<Tally> {
  const { planes, wantedByEach, run } = world
  const name = `${run}-one`
  const ids = idsOf(run, round, 'same', wantedByEach)
  await allFree(world, [name, name])
  await Promise.all(planes.map(plane => insist(() => plane.provision(name, ids))))
  // Who finds the other's node gives its own back, so both may have: as the fleet does, one asks again for what is not there.
  let answers: ProvisionAnswer[] = []
  await until('each machine stands on a node', async () => {
    answers = await insist(() => planes[0].provision(name, ids))
    const standing = await machinesOnNodes(world)
    return answers.every((one, index) => one.ok && standing.get(one.driverRef) === ids[index])
  })
  const machines = [...(await machinesOnNodes(world)).values()]
  await insist(() => planes[1].release(name, ids))
  const met = answers.filter(one => one.ok).length
  const twice = machines.length - new Set(machines).size
  return { ...none, rounds: 1, claimed: met, machinesWithTwoNodes: twice, unmet: met < ids.length ? 1 : 0 }
}

/** Until both know it. */
async function allFree({ planes, nodeCount }: RoundsWorld, names: readonly string[]): Promise<void> {
  const isFree = async () => {
    const stocks = await Promise.all(planes.map((plane, index) => plane.stock(names[index] ?? '')))
    return stocks.every(stock => stock === nodeCount)
  }
  await until('all nodes are free', isFree, 60_000)
}

async function machinesOnNodes({ api, labelSelector }: RoundsWorld): Promise<Map<string, string>> {
  const { items } = await api.list<KubeObject>(nodes, { labelSelector })
  const entries = items.flatMap(({ metadata }): [string, string][] => {
    const machine = metadata.labels?.[machineLabel]
    return machine === undefined ? [] : [[metadata.name, machine]]
  })
  return new Map(entries)
}

/** A call that had no answer is made again, as the fleet makes it. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      if (tries === 5) throw error
    }
  }
}
