// Before an action on machines: which of them take it and which refuse, which holds go and stay, what moves whither or is
// stopped, what is billed. Decided by the code that the action runs (`decideChange`, `earlyReleases`, `planService`, `place`,
// the bill's own arithmetic), in one snapshot of the database; nothing is written. What other people do meanwhile can
// change it, and then the action refuses or waits as it always does.
import { accruedLines } from '../billing/accrued.ts'
import { type Db, inSnapshot } from '../db/db.ts'
import type { Actor } from '../events/event.ts'
import { type ClosedBecause, closedBecause } from '../fleet/capacity.ts'
import type { MachineState } from '../fleet/machine.ts'
import { type ChangingAction, decideChange, type MachineChange } from '../fleet/machine-change.ts'
import { statesOf } from '../fleet/machines.ts'
import { freeCapacity } from '../fleet/reservation.ts'
import type { Fen } from '../lib/money.ts'
import type { OrdersCtx } from '../orders/orders-ctx.ts'
import { earlyReleases } from '../orders/release.ts'
import { asPreviewed, type Before, previewIdOf } from '../services/impact/as-previewed.ts'
import { impactOfMachines, type MachinesFate, type ServiceImpact } from '../services/impact/impact.ts'

export interface MachinePreview extends Omit<MachineChange, 'refusal'> {
  refusal: { code: string; message: string } | null
  /** Service instances that have their place there. */
  serviceInstances: number
  /** Of a release: what a machine paid by use has used and not been billed for yet. */
  accruedFen: Fen | null
}

export interface GroupPreview {
  groupId: string
  /** Machines that take new service instances, now and afterwards. */
  openMachines: number
  openMachinesAfter: number
}

export interface ChangePreview {
  /** Names what is said here: the action that is given it does this or refuses. */
  previewId: string
  action: ChangingAction
  /** In the order asked for. */
  machines: MachinePreview[]
  /** By name. */
  services: ServiceImpact[]
  groups: GroupPreview[]
  /** Of a release: use is counted until then, and comes to this much that is not billed yet. */
  billing: { endsAt: Temporal.Instant; accruedFen: Fen } | null
}

type PreviewCtx = Pick<OrdersCtx, 'db' | 'clock' | 'billingZone' | 'operatorContact'>

export interface PreviewRequest {
  action: ChangingAction
  machineIds: readonly string[]
  /** Of a release: what runs there is stopped. */
  force?: boolean
}

/** Refuses `MachineNotFound` for the first that is not there. */
export function previewChange(ctx: PreviewCtx, actor: Actor, request: PreviewRequest): Promise<ChangePreview> {
  return inSnapshot(ctx.db, async db => {
    const said = await preview({ ...ctx, db }, actor, request)
    return { previewId: previewIdOf(claimsOf(said)), ...said }
  })
}

/** For the action itself: refuses `WorldChanged` where its preview says something else by now. */
export const actionAsPreviewed = (
  ctx: PreviewCtx,
  actor: Actor,
  request: PreviewRequest,
  previewId: string | undefined,
): { before?: Before } =>
  asPreviewed(
    previewId,
    async tx => [...new Set((await statesOf(tx, actor.accountId, request.machineIds)).map(({ groupId }) => groupId))],
    async tx => claimsOf(await preview({ ...ctx, db: tx }, actor, request)),
  )

type Said = Omit<ChangePreview, 'previewId'>

/** What is billed moves with the clock, and is no promise; what refuses is left out of the action, and of this. */
const claimsOf = ({ action, machines, services, groups }: Said): object => ({
  ...{ action, services, groups },
  machines: machines.filter(({ refusal }) => refusal === null),
})

async function preview(ctx: PreviewCtx, actor: Actor, request: PreviewRequest): Promise<Said> {
  const { action, force = false } = request
  const now = ctx.clock.now()
  const states = await statesOf(ctx.db, actor.accountId, request.machineIds)
  const ids = states.map(machine => machine.id)
  const isRelease = action === 'release'
  const early = isRelease ? await earlyReleases(ctx, ctx.db, actor.accountId, ids, now) : new Map()
  const by = { owner: actor.name, ownerKind: 'person' as const, force }
  const machines = states.map((machine): MachinePreview & { machine: MachineState } => {
    const change = decideChange(action, machine, by, now)
    const refusal = refusalOf(early.get(machine.id)) ?? change.refusal
    return { ...change, machine, refusal, serviceInstances: machine.reserved, accruedFen: null }
  })
  const changing = machines.filter(({ refusal, unchanged }) => refusal === null && !unchanged)
  if (isRelease) await addAccrued(ctx, actor.accountId, changing, now)
  const fate = fateOf(action, force)
  const affected = fate === 'stay' ? changing.filter(({ endsDrain }) => endsDrain !== null) : changing
  const machineIds = affected.map(({ machineId }) => machineId)
  const closed = closedAfter(action, changing, now)
  return {
    action,
    machines: machines.map(({ machine: _, ...shown }) => shown),
    services: fate && affected.length > 0 ? await impactOfMachines(ctx.db, { machineIds, fate, closed }, now) : [],
    groups: await groupsOf(ctx.db, changing, closed, now),
    billing: isRelease
      ? { endsAt: now, accruedFen: changing.reduce((total, { accruedFen }) => total + (accruedFen ?? 0n), 0n) }
      : null,
  }
}

const refusalOf = (refusal: { code: string; message: string } | undefined) =>
  refusal ? { code: refusal.code, message: refusal.message } : null

/** null: what runs there is not touched. */
function fateOf(action: ChangingAction, force: boolean): MachinesFate | null {
  switch (action) {
    case 'cordon':
    case 'extendDrain':
      return null
    case 'uncordon':
    case 'cancelDrain':
      return 'stay'
    case 'drain':
      return 'move'
    case 'overrideDrain':
      return 'override'
    case 'forceDrain':
      return 'stop'
    case 'release':
      return force ? 'release' : null
  }
}

async function addAccrued(
  { db, billingZone }: PreviewCtx,
  accountId: string,
  leaving: readonly (MachinePreview & { machine: MachineState })[],
  now: Temporal.Instant,
): Promise<void> {
  const usage = leaving.filter(({ machine }) => machine.chargeType === 'postpaid')
  if (usage.length === 0) return
  const lines = Map.groupBy(await accruedLines(db, accountId, now, billingZone), line => line.machineId)
  for (const one of usage) {
    one.accruedFen = (lines.get(one.machineId) ?? []).reduce((total, line) => total + line.amountFen, 0n)
  }
}

/** Why each takes nothing new once it is done; null: it takes new service instances. */
const closedAfter = (
  action: ChangingAction,
  changing: readonly (MachinePreview & { machine: MachineState })[],
  now: Temporal.Instant,
): Map<string, ClosedBecause | null> =>
  new Map(
    changing.map(({ machine, places, remaining }) => {
      if (action === 'release') return [machine.id, 'not_running']
      return [machine.id, closedBecause(machine, remaining, now) ?? (places === null ? null : 'held')]
    }),
  )

async function groupsOf(
  db: Db,
  changing: readonly { machine: MachineState }[],
  closed: ReadonlyMap<string, ClosedBecause | null>,
  now: Temporal.Instant,
): Promise<GroupPreview[]> {
  const groups: GroupPreview[] = []
  for (const [groupId, changes] of Map.groupBy(changing, ({ machine }) => machine.groupId)) {
    const open = new Set(
      (await freeCapacity(db, groupId, now)).flatMap(room => (room.closedBecause === null ? [room.machineId] : [])),
    )
    const openMachines = open.size
    for (const { machine } of changes) {
      if (closed.get(machine.id) === null) open.add(machine.id)
      else open.delete(machine.id)
    }
    groups.push({ groupId, openMachines, openMachinesAfter: open.size })
  }
  return groups
}
