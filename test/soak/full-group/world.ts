// Full groups, many in one database with one clock, one loop of reconcilers, and gateways of which one is late at times. First
// people do what was drawn for them; then nothing is done until nothing moves, and each group has ended or asks. Its person
// answers; and at last each gets room, after which nothing may be left.
import type { Db } from '../../../src/db/db.ts'
import { cancelDrain, uncordonMachine } from '../../../src/fleet/machine-wishes.ts'
import { createGroup } from '../../../src/fleet/resource-groups.ts'
import { drainView } from '../../../src/insight/drain-receipt.ts'
import { isRefusal } from '../../../src/lib/errors.ts'
import { deployService } from '../../../src/services/deploy.ts'
import { abortRollout } from '../../../src/services/rollout/steer-rollout.ts'
import { getService } from '../../../src/services/services.ts'
import { fleetIn, orderMachines } from '../../fleet/fleet-fixtures.ts'
import { aServiceJson, type Services, servicesOn } from '../../services/services-fixtures.ts'
import { Dice } from '../dice.ts'
import { Acts, fullName, type Group } from './acts.ts'
import { actSeconds, type DrawnGroup, drawGroup } from './draw.ts'
import { LateGateways } from './late-gateways.ts'
import { freeOnOpen, standingOf } from './standing.ts'
import { type Seen, Watch } from './watch.ts'

export interface FullGroupsResult {
  groups: number
  acts: number
  refused: number
  /** Without an answer, after what was drawn. */
  ended: number
  asked: number
  /** Who knows of what, and what was done before it; one for a group. */
  violations: string[]
}

/** Of versions that do not get ready. */
const progressDeadlineSeconds = 10
/** Longer than whatever goes on by time alone. */
const restSeconds = 12
/** What still moves then, moves for ever. */
const restsMax = 25

export async function liveFullGroups(db: Db, seed: string, numbers: readonly number[]): Promise<FullGroupsResult> {
  const world = await FullGroups.open(db, seed, numbers)
  try {
    return await world.live()
  } finally {
    await world.close()
  }
}

class FullGroups {
  readonly #seed: string
  readonly #services: Services & { close(): Promise<void> }
  readonly #gateways: LateGateways
  readonly #groups: Group[]
  readonly #watch: Watch
  readonly #acts: Acts
  readonly #late: Dice
  readonly #result: FullGroupsResult
  #second = 0

  static async open(db: Db, seed: string, numbers: readonly number[]): Promise<FullGroups> {
    const gateways = new LateGateways(['gw-0', 'gw-1'])
    let look = async (): Promise<void> => {}
    const fleet = await fleetIn(db)
    const runtime = { startMs: 2_000, stopMs: 1_000 }
    const services = await servicesOn(fleet, { machines: 0, gateways, runtime, look: () => look() })
    const world = new FullGroups(seed, services, gateways, numbers)
    look = () => world.#look()
    await world.#build()
    return world
  }

  private constructor(
    seed: string,
    services: Services & { close(): Promise<void> },
    gateways: LateGateways,
    numbers: readonly number[],
  ) {
    this.#seed = seed
    this.#services = services
    this.#gateways = gateways
    this.#late = new Dice(`${seed} late gateways`)
    this.#groups = numbers.map(number => newGroup(drawGroup(seed, number)))
    this.#result = { groups: numbers.length, acts: 0, refused: 0, ended: 0, asked: 0, violations: [] }
    const report = (name: string, violation: string) => this.#report(this.#groupOf(name), violation)
    this.#watch = new Watch(services, gateways, name => this.#unavailable(name), report)
    this.#acts = new Acts(services, this.#watch)
  }

  close(): Promise<void> {
    return this.#services.close()
  }

  async live(): Promise<FullGroupsResult> {
    await this.#whatWasDrawn()
    await this.#calm()
    for (const group of this.#groups) {
      const asks = await this.#stand(group)
      if (asks.length === 0) this.#result.ended++
      else this.#result.asked++
      group.history.push(`asks ${asks.length}`)
      await this.#answer(group)
    }
    await this.#calm()
    for (const group of this.#groups) {
      await this.#stand(group)
      await this.#rescue(group)
    }
    await this.#services.fleet.settle()
    await this.#calm()
    for (const group of this.#groups) {
      const asks = await this.#stand(group)
      if (asks.length > 0) this.#report(group, `asks on though there is room: ${asks.join('; ')}`)
    }
    return this.#result
  }

  // ── its parts ──

  async #build(): Promise<void> {
    const { fleet, ctx, actor } = this.#services
    for (const group of this.#groups) {
      const { groupId, drawn } = group
      const row = { id: groupId, accountId: fleet.accountId, regionId: 'region-a', name: groupId, actor: 'test' }
      await fleet.tx(tx => createGroup(tx, fleet.clock.now(), { ...row, kind: 'postpaid' }))
      group.machineIds = await orderMachines({ ...fleet, groupId }, drawn.machines, `ord-${drawn.number}`)
    }
    await fleet.settle()
    for (const group of this.#groups) {
      for (const { name, resource, size, replicas, maxSurge, maxUnavailable, noRoom } of group.drawn.services) {
        const bounds = {
          max_surge: maxSurge,
          max_unavailable: maxUnavailable,
          no_room: noRoom,
          progress_deadline: progressDeadlineSeconds,
        }
        const demand = resource === 'gpu' ? { cpu: 1, gpu: size } : { cpu: size }
        const about = { name: fullName(group, name), instance: replicas, resource: group.groupId }
        await deployService(ctx, actor, aServiceJson({}, { ...about, ...demand, rolling_strategy: bounds }))
      }
    }
    for (const seconds of [3, 3]) await this.#pass(seconds)
    for (const group of this.#groups) {
      const resource = group.drawn.services[0]?.resource ?? 'cpu'
      const free = await freeOnOpen(this.#services, group)
      if ((await this.#stand(group)).length > 0) this.#report(group, 'not all of it runs to begin with')
      if (free.some(machine => machine[resource] > 0)) this.#report(group, 'it is not full to begin with')
    }
  }

  async #whatWasDrawn(): Promise<void> {
    for (let second = 0; second <= actSeconds; second++) {
      for (const group of this.#groups) {
        for (const { act } of group.drawn.acts.filter(({ atSecond }) => atSecond === second)) {
          const done = await this.#acts.perform(group, act)
          this.#result.acts++
          if (!done) this.#result.refused++
          group.history.push(`${second} s ${JSON.stringify(act)}${done ? '' : ' refused'}`)
        }
      }
      await this.#pass(1, this.#late.chance(3))
    }
  }

  /** Until nothing moves any more. */
  async #calm(): Promise<void> {
    for (let step = 0; step < 3; step++) await this.#pass(2, true)
    let before = ''
    for (let rest = 0; rest < restsMax; rest++) {
      await this.#pass(restSeconds)
      const now = JSON.stringify(await this.#watch.seen())
      if (now === before) return
      before = now
    }
  }

  /** `late`: one of the gateways takes nothing in meanwhile. */
  async #pass(seconds: number, late = false): Promise<void> {
    this.#gateways.silent.clear()
    this.#gateways.obey()
    if (late) this.#gateways.silent.add('gw-1')
    this.#second += seconds
    await this.#services.pass(seconds, seconds)
  }

  async #answer(group: Group): Promise<void> {
    const { ctx, actor } = this.#services
    const { answer, services } = group.drawn
    group.history.push(answer)
    if (answer === 'room') return this.#addMachines(group, 'answer')
    for (const { name } of services) {
      const key = { name: fullName(group, name) }
      if (answer === 'go_first') await this.#acts.letGoFirst(key.name, true)
      else await unlessRefused(() => abortRollout(ctx, actor, key))
      if (answer === 'give_up') this.#watch.takeBack({ serviceName: key.name })
    }
    for (const machineId of await this.#drained(group)) {
      if (answer === 'go_first') await unlessRefused(() => this.#acts.override(machineId))
      else await unlessRefused(() => cancelDrain(ctx, actor, machineId))
      if (answer === 'give_up') this.#watch.takeBack({ machineId })
    }
  }

  /** Room enough for whatever it asks, and nothing that a person holds up or that would fail. */
  async #rescue(group: Group): Promise<void> {
    const { ctx, actor } = this.#services
    for (const drawn of group.drawn.services) {
      const key = { name: fullName(group, drawn.name) }
      const { rollout, version } = await getService(ctx, actor.accountId, key)
      const neverServes = group.spoilt.get(key.name)?.has(version) === true
      if (rollout?.pause || neverServes) await unlessRefused(() => abortRollout(ctx, actor, key))
    }
    for (const machineId of group.machineIds) await unlessRefused(() => uncordonMachine(ctx, actor, machineId))
    await this.#addMachines(group, 'rescue')
  }

  async #addMachines(group: Group, orderId: string): Promise<void> {
    const { fleet } = this.#services
    const { number, machines } = group.drawn
    const count = machines + 4
    group.machineIds.push(
      ...(await orderMachines({ ...fleet, groupId: group.groupId }, count, `ord-${number}-${orderId}`)),
    )
  }

  async #drained(group: Group): Promise<string[]> {
    const { fleet, actor } = this.#services
    const drains = await Promise.all(
      group.machineIds.map(id => drainView(fleet.db, actor.accountId, id, fleet.clock.now(), null)),
    )
    return drains.flatMap(drain => (drain === null || drain.endedAt !== null ? [] : [drain.machineId]))
  }

  async #stand(group: Group): Promise<string[]> {
    const { asks, wrong } = await standingOf(this.#services, group)
    for (const violation of wrong) this.#report(group, violation)
    return asks
  }

  async #look(): Promise<void> {
    const rows = await this.#watch.seen()
    this.#spoil(rows)
    await this.#watch.look(rows)
  }

  /** What is of a version that does not serve, before it would be ready. */
  #spoil(rows: readonly Seen[]): void {
    const live = new Set(this.#services.runtime.live())
    for (const { serviceName, instanceId, phase, version } of rows) {
      const kind = this.#groupOf(serviceName)
        .spoilt.get(serviceName)
        ?.get(version ?? 0)
      if (kind === undefined || phase !== 'starting' || !live.has(instanceId)) continue
      if (kind === 'broken') this.#services.runtime.crash(instanceId)
      else this.#services.runtime.setHealthy(instanceId, false)
    }
  }

  #unavailable(serviceName: string): number {
    const { drawn } = this.#groupOf(serviceName)
    const service = drawn.services.find(({ name }) => serviceName.endsWith(`_${name}`))
    return Math.max(service?.maxUnavailable ?? 0, service?.noRoom === 'swap' ? 1 : 0)
  }

  #groupOf(serviceName: string): Group {
    const group = this.#groups.find(({ drawn }) => serviceName.startsWith(`g${drawn.number}_`))
    if (!group) throw new Error(`no group has ${serviceName}`)
    return group
  }

  /** The first of a group: what comes after it may follow from it. */
  #report(group: Group, violation: string): void {
    if (group.violations.length > 0) return
    group.violations.push(violation)
    const { number, machines, services } = group.drawn
    const drawn = `${machines} machines, ${services.map(service => JSON.stringify(service)).join(' ')}`
    const history = group.history.join('\n    ')
    this.#result.violations.push(
      `seed ${this.#seed}, group ${number}, second ${this.#second}: ${violation}\n    ${drawn}\n    ${history}`,
    )
  }
}

const newGroup = (drawn: DrawnGroup): Group => ({
  ...{ drawn, groupId: `eas-r-full-${drawn.number}`, machineIds: [], spoilt: new Map(), history: [], violations: [] },
})

async function unlessRefused(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
}
