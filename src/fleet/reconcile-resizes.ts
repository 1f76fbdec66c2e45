// Makes disks as large as they are paid for: claim, decide, act, apply, as with machines. The row was written before the
// driver is asked, under an effect id that stays, so whoever dies in between asks again and nothing is done twice.
import { type Tx, transaction } from '../db/db.ts'
import { declareFaults } from '../lib/fault.ts'
import { claimDue, newLeaseId, tellLost, underLease } from '../reconcile/claim.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import { halving, setAside, setAsideAmong, takeBack } from '../reconcile/set-aside.ts'
import { asking } from './ask-driver.ts'
import type { ResizeAnswer } from './driver.ts'
import type { FleetCtx } from './reconcile-machines.ts'
import { type ClaimedResize, endResizes, lockOwnResizes, postponeResizes, readClaimedResizes } from './resize.store.ts'
import { settle, tell } from './resizes.ts'

const faults = declareFaults(
  'fleet.resize.before-call',
  'fleet.resize.after-call',
  'fleet.resize.before-commit',
  'fleet.resize.after-commit',
)

const actor = 'system:reconcile-machines'
const batchSize = 500
const leaseMsDefault = 30_000
const backoffSMax = 16

export async function reconcileResizes(ctx: FleetCtx): Promise<Report> {
  const leaseId = newLeaseId(ctx)
  const now = ctx.clock.now()
  const leaseMs = ctx.machineLeaseMs ?? leaseMsDefault
  const ids = await claimDue(ctx.db, 'machineResizes', { now, leaseId, leaseMs, limit: batchSize })
  if (ids.length === 0) return idle
  return underLease(ctx, leaseId, async () => {
    const failed = await setAsideAmong(ctx.db, 'resize', ids)
    const claimed = await readClaimedResizes(ctx.db, ids)
    const answers = await perform(ctx, claimed)
    const putAside = async ({ id }: ClaimedResize, error: unknown) => {
      failed.delete(id)
      const dueAt = await setAside(ctx, 'resize', id, error)
      await transaction(ctx, tx => postponeResizes(tx, [{ id, dueAt }]))
      await faults.point('fleet.resize.after-commit')
    }
    const changed = await halving(claimed, some => write(ctx, leaseId, some, answers), putAside)
    await takeBack(ctx, 'resize', [...failed])
    return { found: claimed.length, changed }
  })
}

async function write(
  ctx: FleetCtx,
  leaseId: string,
  claimed: readonly ClaimedResize[],
  answers: ReadonlyMap<string, ResizeAnswer>,
): Promise<number> {
  let held = claimed.length
  const changed = await transaction(ctx, async tx => {
    const ours = await lockOwnResizes(tx, leaseId, claimed)
    held = ours.size
    const moved = await apply(
      tx,
      ctx.clock.now(),
      claimed.filter(one => ours.has(one.id)),
      answers,
    )
    if (moved > 0) await faults.point('fleet.resize.before-commit')
    return moved
  })
  tellLost(ctx, leaseId, claimed.length, held)
  if (changed > 0) await faults.point('fleet.resize.after-commit')
  return changed
}

/** A machine that is leaving needs no larger disk: it is not asked for. */
const leaving = (resize: ClaimedResize): boolean =>
  resize.machineDesired === 'released' || resize.machinePhase === 'released' || resize.machinePhase === 'failed'

async function perform(ctx: FleetCtx, claimed: readonly ClaimedResize[]): Promise<Map<string, ResizeAnswer>> {
  const answers = new Map<string, ResizeAnswer>()
  const refuse = (resize: ClaimedResize, message: string) =>
    answers.set(resize.id, { ok: false, refusal: 'ResizeRefused', message })
  for (const resize of claimed.filter(leaving)) refuse(resize, `machine ${resize.machineId} is being released`)
  const staying = claimed.filter(resize => !leaving(resize))
  for (const [regionId, ofRegion] of Map.groupBy(staying, resize => resize.regionId)) {
    const driver = ctx.machineDriver(regionId)
    if (driver.resize === undefined) {
      for (const resize of ofRegion) refuse(resize, `the engine of region ${regionId} can't make disks larger`)
      continue
    }
    const ask = asking(ctx.log, regionId)
    await faults.point('fleet.resize.before-call')
    const given = await ask('resize', driver.resize(ofRegion.map(requestOf)))
    await faults.point('fleet.resize.after-call')
    ofRegion.forEach(({ id }, index) => {
      const answer = given?.[index]
      if (answer) answers.set(id, answer)
    })
  }
  return answers
}

const requestOf = ({ id, machineId, zoneId, driverRef, toGib }: ClaimedResize) => ({
  effectId: id,
  machineId,
  zoneId,
  driverRef,
  systemDiskGiB: toGib,
})

/** Of rows that this transaction has locked. Returns how many are decided now; without a word they are asked again. */
async function apply(
  tx: Tx,
  now: Temporal.Instant,
  ours: readonly ClaimedResize[],
  answers: ReadonlyMap<string, ResizeAnswer>,
): Promise<number> {
  const undecided = ours.filter(resize => !answers.has(resize.id))
  await postponeResizes(
    tx,
    undecided.map(({ id, attempts }) => {
      const seconds = Math.min(2 ** Math.min(attempts, 10), backoffSMax)
      return { id, dueAt: now.add({ seconds }) }
    }),
  )
  const done = ours.filter(resize => answers.get(resize.id)?.ok === true)
  const ended = ours.flatMap(resize => {
    const answer = answers.get(resize.id)
    if (!answer) return []
    const failure = answer.ok ? null : { code: answer.refusal, message: answer.message }
    return [{ id: resize.id, failure, resize }]
  })
  await endResizes(tx, now, ended)
  await settle(tx, now, done, 'resized')
  await tell(tx, now, 'machine.resized', actor, done)
  for (const { resize, failure } of ended) {
    if (failure === null) continue
    await settle(tx, now, [resize], failure.code)
    await tell(tx, now, 'machine.resize_refused', actor, [resize], failure)
  }
  return ended.length
}
