// Random fleets, and on each one deed after the other: looked at by its preview, sometimes with the world changed in between,
// done as it was shown, and once all has come to rest held against what was said.
import type { Db } from '../../../src/db/db.ts'
import type { Refusal } from '../../../src/lib/errors.ts'
import { Dice } from '../dice.ts'
import {
  type Course,
  compareImpact,
  compareMachines,
  compareUpdate,
  type SaidOfMachines,
  type SaidOfUpdate,
  type SaidService,
} from './compare.ts'
import { type Deed, drawDeed, drawDisturbance, type Said } from './deed.ts'
import { buyFleet, deployOne, type Fleet, troubleMachines } from './fleet.ts'
import { eventsAfter, lookAt, type World } from './look.ts'
import { type Answer, Stage } from './stage.ts'

export interface SoakPlan {
  seed: string
  /** Of the fleets. */
  numbers: readonly number[]
  /** Deeds on each of them that are looked at beforehand. */
  perFleet: number
}

export interface SoakResult {
  actions: number
  /** By kind: how many were done, refused as the preview said, and refused since the world had changed. */
  kinds: Map<string, { done: number; refused: number; worldChanged: number }>
  /** A sentence for each difference. */
  differences: string[]
}

/** Deeds before the first one that is looked at: fleets in the midst of their lives. */
const disturbances = 2

export async function soakPreviews(db: Db, plan: SoakPlan): Promise<SoakResult> {
  const stage = await Stage.open(db, plan.seed)
  try {
    const fleets: Fleet[] = []
    for (const number of plan.numbers)
      fleets.push(await buyFleet(stage, `f${number}`, new Dice(`${plan.seed} ${number}`)))
    await stage.settle()
    for (const fleet of fleets) await troubleMachines(stage, fleet)
    for (const fleet of fleets) for (let left = 1 + fleet.dice.below(4); left > 0; left--) await deployOne(stage, fleet)
    // What is lost is found to be, and repaired.
    await stage.rest()
    await stage.pass(60)
    for (let round = 0; round < disturbances; round++) {
      for (const fleet of fleets) await drawDisturbance(stage, fleet, await worldOf(stage, fleet)).act()
      await stage.rest()
    }
    const result: SoakResult = { actions: 0, kinds: new Map(), differences: [] }
    for (let round = 0; round < plan.perFleet; round++) await playRound(stage, fleets, result)
    return { ...result, differences: [...result.differences, ...stage.errors] }
  } finally {
    await stage.close()
  }
}

const worldOf = (stage: Stage, { id }: Fleet): Promise<World> => lookAt(stage.db, id, stage.clock.now())

/** One deed that was looked at, and what came of it at once. */
interface Shown {
  fleet: Fleet
  deed: Deed
  said: Said
  /** What was done between the look and the deed. */
  between: string | null
  answer: Answer<unknown>
  before: World
  done: World
}

async function playRound(stage: Stage, fleets: readonly Fleet[], result: SoakResult): Promise<void> {
  const shown: Shown[] = []
  for (const fleet of fleets) {
    const one = await lookThenDo(stage, fleet, result)
    if (one) shown.push(one)
  }
  await stage.rest()
  for (const one of shown) {
    const { fleet, deed, before } = one
    const events = await eventsAfter(stage.db, fleet.id, before.mark)
    const found = judge(one, {
      disturbed: one.between !== null,
      before,
      done: one.done,
      rest: await worldOf(stage, fleet),
      events,
    })
    const between = one.between === null ? '' : ` (in between: ${one.between})`
    result.differences.push(...found.map(text => `${fleet.id}, ${deed.about}${between}: ${text}`))
    count(result, one)
  }
}

/** null: there was nothing to hold to afterwards. */
async function lookThenDo(stage: Stage, fleet: Fleet, result: SoakResult): Promise<Shown | null> {
  const { dice } = fleet
  const deed = drawDeed(stage, fleet, await worldOf(stage, fleet))
  const preview = await deed.preview?.()
  if (!preview?.did) {
    const { refused } = await deed.act()
    // A preview refuses what the deed would, in the same words.
    if (preview && preview.refused.message !== refused?.message)
      result.differences.push(
        `${fleet.id}, ${deed.about}: its preview refuses ${preview.refused.code}, it ${refused?.code}`,
      )
    return null
  }
  const disturbance = dice.chance(4) ? drawDisturbance(stage, fleet, await worldOf(stage, fleet)) : null
  await disturbance?.act()
  const before = await worldOf(stage, fleet)
  const answer = await deed.act(preview.did.previewId)
  return {
    fleet,
    deed,
    said: preview.did,
    between: disturbance?.about ?? null,
    answer,
    before,
    done: await worldOf(stage, fleet),
  }
}

function judge({ deed, said, between, answer: { refused }, before, done }: Shown, course: Course): string[] {
  if (refused) {
    const written = before.mark === done.mark ? [] : ['refused, and yet something was written']
    // Since the world had changed, whether that was seen by the preview's id or by the action itself.
    const isExpected = refused.code === 'WorldChanged' ? between !== null : isSaid(deed, said, refused, between)
    return isExpected ? written : [...written, `refused: ${refused.code} ${refused.message}`]
  }
  if (said.needsAcceptGap === true && deed.acceptsGap !== true) return ['done, though nobody accepted the gap']
  if ('machineIds' in deed.target) return compareMachines(said as unknown as SaidOfMachines, course)
  if ('effect' in said) return compareUpdate(said as unknown as SaidOfUpdate, deed.target.serviceId, course)
  return compareImpact(said as unknown as SaidService, course)
}

interface Refusing {
  machineId: string
  code: string
  message: string
}

/** That it would be refused, by these machines and in these words. */
function isSaid(deed: Deed, said: Said, refused: Refusal, between: string | null): boolean {
  if (between !== null) return true
  if (said.needsAcceptGap === true && deed.acceptsGap === false)
    return refused.code === 'LastOneServing' || refused.code === 'BelowFloor'
  if (!('machineIds' in deed.target)) return false
  const { machines } = said as unknown as SaidOfMachines
  const refusals = machines.flatMap(({ machineId, refusal }) => (refusal ? [{ machineId, ...refusal }] : []))
  const { code, message, details } = refused
  const { machineId, machines: all } = details as { machineId: string; machines?: Refusing[] }
  return (all ?? [{ machineId, code, message }]).every(one =>
    refusals.some(
      other => other.machineId === one.machineId && other.code === one.code && other.message === one.message,
    ),
  )
}

function count(result: SoakResult, { deed, answer }: Shown): void {
  result.actions++
  const { kinds } = result
  const sums = kinds.get(deed.kind) ?? { done: 0, refused: 0, worldChanged: 0 }
  kinds.set(deed.kind, sums)
  if (answer.refused === null) sums.done++
  else if (answer.refused.code === 'WorldChanged') sums.worldChanged++
  else sums.refused++
}
