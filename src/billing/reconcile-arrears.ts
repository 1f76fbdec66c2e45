// Looks at what accounts have left, and does what follows from it (arrears.ts). An account is looked at every ten minutes, every
// minute once its balance is low: what it owes is found at most ten minutes late. Each step is decided once more in its
// transaction, under the lock of the wallet: whoever pays in the same instant comes before it or after it.
import type { Ctx } from '../db/ctx.ts'
import { fencedWrite, type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { keptSince } from '../fleet/kept.ts'
import { releaseKept, startMachines, stopMachines } from '../fleet/machines.ts'
import { billingParkedSince } from '../ledger/findings.ts'
import { lockWallet } from '../ledger/ledger-account.ts'
import { declareFaults } from '../lib/fault.ts'
import { newId } from '../lib/id.ts'
import { invariant } from '../lib/invariant.ts'
import type { NewNotice, NoticeKind } from '../notices/notice.ts'
import { giveNotices } from '../notices/notices.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import { eachApart } from '../reconcile/set-aside.ts'
import {
  insertArrears,
  markArrears,
  selectRunningNewestFirst,
  selectStoppedOldestFirst,
  selectToLookAt,
  setLowSince,
  setNextLooks,
  watchAccounts,
} from './arrears.store.ts'
import { type ArrearsStep, graceFor, nextLook, nextStep, type OpenArrears } from './arrears.ts'
import { lastsUntil } from './runway.ts'
import { type AccountStanding, accountStanding, accountStandings } from './standing.ts'

const faults = declareFaults(
  'billing.arrears.tell_low.before-commit',
  'billing.arrears.tell_low.after-commit',
  'billing.arrears.forget_low.before-commit',
  'billing.arrears.forget_low.after-commit',
  'billing.arrears.begin.before-commit',
  'billing.arrears.begin.after-commit',
  'billing.arrears.stop.before-commit',
  'billing.arrears.stop.after-commit',
  'billing.arrears.release.before-commit',
  'billing.arrears.release.after-commit',
  'billing.arrears.clear.before-commit',
  'billing.arrears.clear.after-commit',
  'billing.arrears.resume.before-commit',
  'billing.arrears.resume.after-commit',
)

const accountsAtOnce = 200
const machinesAtOnce = 500
const actorName = 'system:arrears'

export interface ArrearsCtx extends Ctx {
  billingZone: string
}

/** Nothing while billing is parked: nobody loses a machine to books that are wrong. */
export async function reconcileArrears(ctx: ArrearsCtx): Promise<Report> {
  if ((await billingParkedSince(ctx.db)) !== null) return idle
  const now = ctx.clock.now()
  await fencedWrite(ctx, db => watchAccounts(db, now))
  const accountIds = await selectToLookAt(ctx.db, now, accountsAtOnce)
  const standings = await accountStandings(ctx.db, accountIds, now, ctx.billingZone)
  const looks: { accountId: string; dueAt: Temporal.Instant }[] = []
  const changed = await eachApart(
    ctx,
    'account',
    [...standings],
    ([accountId]) => accountId,
    async one => {
      const [accountId, standing] = one
      const step = nextStep(standing, now)
      if (step !== 'nothing') return perform(ctx, accountId, step)
      looks.push({ accountId, dueAt: nextLook(standing, now) })
      return 0
    },
  )
  await fencedWrite(ctx, db => setNextLooks(db, looks))
  return { found: standings.size, changed }
}

type Acting = Exclude<ArrearsStep, 'nothing'>

interface Work {
  tx: Tx
  now: Temporal.Instant
  actor: Actor
  standing: AccountStanding
}

const acts: Record<Acting, (ctx: ArrearsCtx, work: Work) => Promise<void>> = {
  tell_low: tellLow,
  forget_low: async (_, { tx, actor }) => setLowSince(tx, actor.accountId, null),
  begin,
  stop,
  release,
  clear,
  resume,
}

/** 1, or 0 where the account needs something else by now. */
async function perform(ctx: ArrearsCtx, accountId: string, step: Acting): Promise<number> {
  const moved = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    await lockWallet(tx, now, accountId)
    const standing = await accountStanding(tx, accountId, now, ctx.billingZone)
    if (nextStep(standing, now) !== step) return 0
    await acts[step](ctx, { tx, now, actor: { accountId, name: actorName }, standing })
    // What follows is found at once.
    await setNextLooks(tx, [{ accountId, dueAt: now }])
    await faults.point(`billing.arrears.${step}.before-commit`)
    return 1
  })
  if (moved > 0) await faults.point(`billing.arrears.${step}.after-commit`)
  return moved
}

async function tellLow(_: ArrearsCtx, { tx, now, actor, standing }: Work): Promise<void> {
  await setLowSince(tx, actor.accountId, now)
  const { availableFen, runway } = standing
  const amounts = { availableFen: availableFen.toString(), burnPerDayFen: runway.burnPerDayFen.toString() }
  const told = { ...amounts, lastsUntil: lastsUntil(runway, now) }
  await giveNotices(tx, now, [noticeOf(actor.accountId, 'balance.low', now.toString(), told)])
}

/** Being in arrears says more than that money runs out: who was not told that is not told it now. */
async function begin(ctx: ArrearsCtx, { tx, now, actor, standing }: Work): Promise<void> {
  const arrearsId = newId(ctx.random, 'arr')
  const stopsAt = now.add(graceFor)
  await insertArrears(tx, actor.accountId, { arrearsId, since: now, stopsAt })
  await setLowSince(tx, actor.accountId, now)
  const data: EventData = { owedFen: owedBy(standing), stopsAt }
  await record(tx, now, actor, 'arrears.began', arrearsId, data)
}

/** The newest first. With the last of them the time begins in which they are kept. */
async function stop(_: ArrearsCtx, { tx, now, actor, standing }: Work): Promise<void> {
  const { arrearsId } = openOf(standing)
  const machineIds = await selectRunningNewestFirst(tx, actor.accountId, machinesAtOnce)
  await stopMachines(tx, now, { machineIds, because: 'arrears', actor })
  if (machineIds.length < standing.running) return
  await markArrears(tx, arrearsId, 'stopped', now)
  const quantity = standing.stopped + machineIds.length
  const data: EventData = { owedFen: owedBy(standing), quantity, keptUntil: keptSince(now) }
  await record(tx, now, actor, 'arrears.stopped', `${arrearsId}:${now}`, data)
}

/** Told with the first of them. */
async function release(_: ArrearsCtx, { tx, now, actor, standing }: Work): Promise<void> {
  const { arrearsId, releasedAt } = openOf(standing)
  const machineIds = await selectStoppedOldestFirst(tx, actor.accountId, machinesAtOnce)
  await releaseKept(tx, now, { machineIds, actor, unpaid: 'in arrears, and not paid for' })
  if (releasedAt !== null) return
  await markArrears(tx, arrearsId, 'released', now)
  const data: EventData = { owedFen: owedBy(standing), quantity: standing.stopped }
  await record(tx, now, actor, 'arrears.released', `${arrearsId}:${now}`, data)
}

/** Everything is paid. If it does not last, that is told anew. */
async function clear(_: ArrearsCtx, { tx, now, actor, standing }: Work): Promise<void> {
  const { arrearsId } = openOf(standing)
  await markArrears(tx, arrearsId, 'cleared', now)
  await setLowSince(tx, actor.accountId, null)
  const data: EventData = { quantity: standing.stopped }
  await record(tx, now, actor, 'arrears.cleared', arrearsId, data)
}

/** Whatever becomes of the balance meanwhile: it was paid. */
async function resume(_: ArrearsCtx, { tx, now, actor }: Work): Promise<void> {
  const machineIds = await selectStoppedOldestFirst(tx, actor.accountId, machinesAtOnce)
  await startMachines(tx, now, { machineIds, actor })
}

function openOf({ arrears }: AccountStanding): OpenArrears {
  invariant(arrears, 'the step is of an account in arrears')
  return arrears
}

const owedBy = ({ availableFen }: AccountStanding): string => (-availableFen).toString()

/** In the history, and told to the account. */
async function record(
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  kind: NoticeKind,
  key: string,
  data: EventData,
): Promise<void> {
  const { accountId, name } = actor
  await appendEvents(tx, now, [{ accountId, kind, subjectKind: 'account', subjectId: accountId, actor: name, data }])
  await giveNotices(tx, now, [noticeOf(accountId, kind, key, data)])
}

const noticeOf = (accountId: string, kind: NoticeKind, key: string, data: object): NewNotice => ({
  ...{ accountId, kind, subjectKind: 'account', subjectId: accountId },
  key: `${kind}:${accountId}:${key}`,
  data,
})
