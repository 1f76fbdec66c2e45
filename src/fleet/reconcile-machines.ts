// Makes the fleet so: claim, decide, act, apply, a batch at a time. It takes no argument about what changed, so a timer, a
// nudge and a restart take one path. Between the transactions stands the driver; what was asked of it is in the outbox
// first, under an id that stays, so whatever dies in between is asked again and done once.

import { returnStock } from '../catalog/stock.ts'
import type { Ctx } from '../db/ctx.ts'
import { type Tx, transaction } from '../db/db.ts'
import { appendEvents } from '../events/event.ts'
import { addEffects, settleEffects } from '../events/outbox.ts'
import { declareFaults } from '../lib/fault.ts'
import { newId } from '../lib/id.ts'
import { claimDue, newLeaseId, tellLost, underLease } from '../reconcile/claim.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import { halving, setAside, setAsideAmong, takeBack } from '../reconcile/set-aside.ts'
import { type Ask, asking } from './ask-driver.ts'
import type { MachineDriver, MachineObservation, MachineRef, ProvisionAnswer, ProvisionRequest } from './driver.ts'
import { isHeldByEngine, readHoldsShown, shownHold, writeEngineHolds } from './engine-holds.ts'
import type { Hold } from './hold.ts'
import { endDrains, wakeMachines } from './machine.store.ts'
import { nextStep, type Step } from './machine.ts'
import {
  dropLeases,
  liftHealthHolds,
  lockOwn,
  markProvisioning,
  placeHealthHolds,
  postponeMachine,
  readClaimed,
  writeChanged,
  writeQuiet,
} from './machine-apply.store.ts'
import { machineEvent, provisionEffectId, releaseEffect, releaseEffectId } from './machine-event.ts'
import { type ClaimedMachine, noWord, type Outcome, outcomeOf, type Word } from './machine-outcome.ts'
import { endIntervals, startIntervals } from './machine-wishes.store.ts'
import { reconcileResizes } from './reconcile-resizes.ts'
import { revokeReservations } from './reservation.store.ts'

export interface FleetCtx extends Ctx {
  machineDriver(regionId: string): MachineDriver
  /** Machines that a driver has seen change since the last call; see `DriverWatch`. */
  takeMachineChanges?(): string[]
  /** How long a row stays with a process that died; longer than two calls of a driver may take. */
  machineLeaseMs?: number
}

const faults = declareFaults(
  'fleet.provision.before-commit',
  'fleet.provision.after-commit',
  'fleet.provision.after-call',
  'fleet.release.before-call',
  'fleet.release.after-call',
  'fleet.apply.before-commit',
  'fleet.apply.after-commit',
)

const actor = 'system:reconcile-machines'
const batchSize = 1_000
const batchesPerRunMax = 100
const leaseMsDefault = 30_000

/**
 * Full batches follow each other in one run, so a large fleet is not paced by the loop's timer; after a first full one, two
 * at a time, as two processes would take them: while one is at the driver or in our code, the database works for the other.
 */
export async function reconcileMachines(ctx: FleetCtx): Promise<Report> {
  await wakeMachines(ctx.db, ctx.clock.now(), ctx.takeMachineChanges?.() ?? [])
  let total = await reconcileBatch(ctx)
  let left = batchesPerRunMax - 1
  const goOn = async () => {
    while (left-- > 0) {
      const report = await reconcileBatch(ctx)
      total = plus(total, report)
      if (report.found < batchSize) break
    }
  }
  if (total.found === batchSize) {
    // Both to their end, also when one fails: nothing of a run goes on after it.
    const failed = (await Promise.allSettled([goOn(), goOn()])).find(end => end.status === 'rejected')
    if (failed) throw failed.reason
  }
  return plus(total, await reconcileResizes(ctx))
}

const plus = (a: Report, b: Report): Report => ({ found: a.found + b.found, changed: a.changed + b.changed })

interface Decided {
  machine: ClaimedMachine
  step: Step
}

async function reconcileBatch(ctx: FleetCtx): Promise<Report> {
  const leaseId = newLeaseId(ctx)
  const now = ctx.clock.now()
  const leaseMs = ctx.machineLeaseMs ?? leaseMsDefault
  const claimed = await claimDue(ctx.db, 'machines', { now, leaseMs, limit: batchSize, leaseId })
  if (claimed.length === 0) return idle
  return underLease(ctx, leaseId, () => reconcileClaimed(ctx, leaseId, claimed, now))
}

async function reconcileClaimed(
  ctx: FleetCtx,
  leaseId: string,
  claimed: string[],
  now: Temporal.Instant,
): Promise<Report> {
  const failed = await setAsideAmong(ctx.db, 'machine', claimed)
  const machines = await readClaimed(ctx.db, claimed)
  const holds = await readHoldsShown(ctx.db, machines, ctx.machineDriver)
  const withHolds = machines.map(machine => ({ ...machine, heldByEngine: isHeldByEngine(holds.get(machine.id)) }))
  const putAside = async ({ machine: { id } }: { machine: ClaimedMachine }, error: unknown) => {
    failed.delete(id)
    await postponeMachine(ctx.db, leaseId, id, await setAside(ctx, 'machine', id, error))
  }
  const asked: Decided[] = []
  const mark = async (decided: readonly Decided[]) => asked.push(...(await markAsked(ctx, decided, leaseId)))
  await halving(decide(withHolds, now), mark, putAside)
  const words = await perform(ctx, asked, holds)
  const after = ctx.clock.now()
  const outcomes = asked.map(({ machine, step }) => outcomeOf(machine, step, words.get(machine.id) ?? noWord, after))
  const changed = await halving(outcomes, some => apply(ctx, some, leaseId, after), putAside)
  await takeBack(ctx, 'machine', [...failed])
  return { found: claimed.length, changed }
}

function decide(machines: ClaimedMachine[], now: Temporal.Instant): Decided[] {
  return machines.map(machine => ({ machine, step: nextStep(machine, machine.reserved, machine.revoked, now) }))
}

/** Writes down what is about to be asked for; what has changed meanwhile is left to the next run. */
async function markAsked(ctx: FleetCtx, decided: readonly Decided[], leaseId: string): Promise<Decided[]> {
  const wanted = decided.filter(({ step }) => step === 'provision').map(({ machine }) => machine)
  if (wanted.length === 0) return [...decided]
  const marked = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const { ours: ids, changed } = await lockOwn(tx, wanted, leaseId)
    await dropLeases(tx, changed)
    const ours = wanted.filter(machine => ids.has(machine.id))
    await markProvisioning(tx, [...ids])
    const effect = (id: string) => ({ effectId: provisionEffectId(id), kind: 'machine.provision', subjectId: id })
    await addEffects(
      tx,
      now,
      ours.map(machine => effect(machine.id)),
    )
    await appendEvents(
      tx,
      now,
      ours.map(machine => machineEvent(machine, 'machine.provisioning', actor, {})),
    )
    await faults.point('fleet.provision.before-commit')
    return ids
  })
  await faults.point('fleet.provision.after-commit')
  return decided.flatMap(({ machine, step }): Decided[] => {
    if (step !== 'provision') return [{ machine, step }]
    if (!marked.has(machine.id)) return []
    return [{ machine: { ...machine, phase: 'provisioning', generation: machine.generation + 1 }, step }]
  })
}

// ── act ──

/** Asks the drivers, a region at a time; a driver that fails leaves its machines without a word, not the others. */
async function perform(
  ctx: FleetCtx,
  decided: Decided[],
  holds: ReadonlyMap<string, readonly Hold[]>,
): Promise<Map<string, Word>> {
  const words = new Map<string, Word>()
  for (const [regionId, ofRegion] of Map.groupBy(decided, ({ machine }) => machine.regionId)) {
    const driver = ctx.machineDriver(regionId)
    const ask = asking(ctx.log, regionId)
    const shown = ofRegion.flatMap(({ machine }) => {
      const ofMachine = holds.get(machine.id)
      return ofMachine ? [shownHold(machine, ofMachine, ctx.clock.now())] : []
    })
    if (shown.length > 0 && driver.showHolds) await ask('showHolds', driver.showHolds(shown))
    await provisionAndObserve(driver, ask, ofRegion, words)
    await releaseAndObserve(driver, ask, ofRegion, words)
  }
  return words
}

const observedSteps = new Set<Step>(['await_ready', 'start', 'observe', 'end_drain'])

async function provisionAndObserve(
  driver: MachineDriver,
  ask: Ask,
  decided: Decided[],
  words: Map<string, Word>,
): Promise<void> {
  const looked = decided.filter(({ machine, step }) => machine.phase === 'running' || observedSteps.has(step))
  const seen = await observe(driver, ask, looked, words)
  // Also those asked for before and not found: the first call may never have arrived.
  const toAsk = decided.filter(
    ({ machine, step }) => step === 'provision' || (step === 'await_ready' && seen.get(machine.id) === 'not_found'),
  )
  if (toAsk.length === 0) return
  const answers = await ask('provision', driver.provision(toAsk.map(({ machine }) => requestOf(machine))))
  await faults.point('fleet.provision.after-call')
  if (answers === null) return
  const given = new Map(toAsk.map(({ machine }, index) => [machine.id, answers[index] ?? null]))
  for (const [id, answer] of given) words.set(id, { answer, observation: null })
  const made = toAsk.filter(({ machine }) => given.get(machine.id)?.ok === true)
  const withRef = made.map(({ machine, step }) => {
    const answer = given.get(machine.id)
    return { machine: { ...machine, driverRef: answer?.ok ? answer.driverRef : machine.driverRef }, step }
  })
  // At once: a driver that makes machines quickly is then done in one pass.
  await observe(driver, ask, withRef, words, given)
}

async function observe(
  driver: MachineDriver,
  ask: Ask,
  decided: Decided[],
  words: Map<string, Word>,
  answers?: Map<string, ProvisionAnswer | null>,
): Promise<Map<string, MachineObservation['state']>> {
  const states = new Map<string, MachineObservation['state']>()
  if (decided.length === 0) return states
  const observations = await ask('observe', driver.observe(decided.map(({ machine }) => refOf(machine))))
  decided.forEach(({ machine }, index) => {
    const observation = observations?.[index] ?? null
    words.set(machine.id, { answer: answers?.get(machine.id) ?? null, observation })
    if (observation) states.set(machine.id, observation.state)
  })
  return states
}

async function releaseAndObserve(
  driver: MachineDriver,
  ask: Ask,
  decided: Decided[],
  words: Map<string, Word>,
): Promise<void> {
  const going = decided.filter(({ step }) => step === 'release' || step === 'clean_up')
  if (going.length === 0) return
  await faults.point('fleet.release.before-call')
  const done = await ask(
    'release',
    driver.release(going.map(({ machine }) => refOf(machine))).then(() => true),
  )
  await faults.point('fleet.release.after-call')
  if (done) await observe(driver, ask, going, words)
}

const requestOf = (machine: ClaimedMachine): ProvisionRequest => ({
  effectId: provisionEffectId(machine.id),
  machineId: machine.id,
  accountId: machine.accountId,
  groupId: machine.groupId,
  zoneId: machine.zoneId,
  specId: machine.specId,
  cpuMilli: machine.cpuMilli,
  memoryMiB: machine.memoryMib,
  gpuCount: machine.gpuCount,
  systemDiskGiB: machine.systemDiskGib,
})

const refOf = ({ id, zoneId, driverRef }: ClaimedMachine): MachineRef => ({ machineId: id, zoneId, driverRef })

// ── apply ──

/** Writes everything in one transaction, and only what is still ours; returns how many machines moved. */
async function apply(
  ctx: FleetCtx,
  outcomes: readonly Outcome[],
  leaseId: string,
  decidedAt: Temporal.Instant,
): Promise<number> {
  const quiet = outcomes.filter(outcome => outcome.quiet)
  const loud = outcomes.filter(outcome => !outcome.quiet)
  let held = outcomes.length
  const moved = await transaction(ctx, async tx => {
    const { ours, changed } = await lockOwn(
      tx,
      outcomes.map(outcome => outcome.machine),
      leaseId,
    )
    held = ours.size + changed.length
    const isOurs = (outcome: Outcome) => ours.has(outcome.machine.id)
    const written = loud.filter(isOurs)
    await writeQuiet(tx, quiet.filter(isOurs))
    await writeChanged(tx, written)
    if (written.length > 0) await writeConsequences(ctx, tx, written, decidedAt)
    await dropLeases(tx, changed)
    if (loud.length > 0) await faults.point('fleet.apply.before-commit')
    return written.length
  })
  tellLost(ctx, leaseId, outcomes.length, held)
  if (loud.length > 0) await faults.point('fleet.apply.after-commit')
  return moved
}

/** What goes with the change of a row, in the same transaction: history, time, holds, drains, stock. */
async function writeConsequences(
  ctx: FleetCtx,
  tx: Tx,
  outcomes: Outcome[],
  decidedAt: Temporal.Instant,
): Promise<void> {
  const now = ctx.clock.now()
  const ids = (some: Outcome[]) => some.map(outcome => outcome.machine.id)
  const events = outcomes.flatMap(o => o.events.map(e => machineEvent(o.machine, e.kind, actor, e.data)))
  // The history says the same instants as the rows and intervals: bills are computed from either.
  await appendEvents(tx, decidedAt, events)
  await writeIntervals(tx, outcomes)
  await placeHealthHolds(
    tx,
    now,
    actor,
    outcomes.flatMap(o => healthHold(ctx, o)),
  )
  await liftHealthHolds(tx, now, actor, ids(outcomes.filter(o => o.health === 'lift')))
  await writeEngineHolds(ctx, tx, now, outcomes)
  for (const phase of ['drained', 'aborted'] as const) {
    const ended = outcomes.filter(o => o.drain === phase).flatMap(o => o.machine.drain?.id ?? [])
    await endDrains(tx, ended, phase, now)
  }
  await revokeReservations(tx, now, ids(outcomes.filter(o => o.revoke)))
  await settleEffects(tx, now, outcomes.flatMap(settledEffects))
  await addEffects(tx, now, ids(outcomes.filter(o => o.asksRelease)).map(releaseEffect))
  const back = outcomes.filter(o => o.machine.holdsStock && !o.holdsStock)
  await returnStock(
    tx,
    back.map(({ machine }) => ({ zoneId: machine.zoneId, specId: machine.specId, count: 1 })),
  )
}

async function writeIntervals(tx: Tx, outcomes: Outcome[]): Promise<void> {
  const ends = outcomes.flatMap(o => (o.intervalEnd ? [{ machineId: o.machine.id, at: o.intervalEnd }] : []))
  const starts = outcomes.flatMap(({ machine, intervalStart }) =>
    intervalStart ? [{ machineId: machine.id, accountId: machine.accountId, at: intervalStart }] : [],
  )
  await endIntervals(tx, ends)
  await startIntervals(tx, starts)
}

function healthHold(ctx: FleetCtx, { machine, health }: Outcome) {
  if (health === null || health === 'lift') return []
  return [{ id: newId(ctx.random, 'hold'), machineId: machine.id, accountId: machine.accountId, reason: health.place }]
}

const settledEffects = ({ machine, settled }: Outcome) =>
  settled.map(({ effect, outcome }) => ({
    effectId: effect === 'provision' ? provisionEffectId(machine.id) : releaseEffectId(machine.id),
    outcome,
  }))
