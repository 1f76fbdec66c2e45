// A random fleet: an account with one or two groups of machines of several sizes and states, and services of all sorts on them.
import { sql } from 'kysely'
import { transaction } from '../../../src/db/db.ts'
import { wishMachines } from '../../../src/fleet/machine-wishes.ts'
import { createMachines, stopMachines } from '../../../src/fleet/machines.ts'
import { createGroup } from '../../../src/fleet/resource-groups.ts'
import type { Dice } from '../dice.ts'
import { regionId, type Stage, specs, zoneId } from './stage.ts'

export interface Fleet {
  /** Its account, and the name under which a difference is told. */
  id: string
  dice: Dice
  groupIds: string[]
  machineIds: string[]
  /** Of those. */
  prepaid: Set<string>
  serviceNames: string[]
}

type ChargeType = 'postpaid' | 'prepaid'

/** Groups and machines, on their way. */
export async function buyFleet(stage: Stage, id: string, dice: Dice): Promise<Fleet> {
  const { db, clock } = stage
  const now = clock.now()
  await db.insertInto('accounts').values({ id, name: id, createdAt: now }).execute()
  await db
    .insertInto('workspaces')
    .values({ id: `ws-${id}`, accountId: id, name: 'default', createdAt: now })
    .execute()
  const fleet: Fleet = { id, dice, groupIds: [], machineIds: [], prepaid: new Set(), serviceNames: [] }
  for (let number = 0; number <= Number(dice.chance(4)); number++) {
    const groupId = `eas-r-${id}-${number}`
    fleet.groupIds.push(groupId)
    await transaction(stage.ctx, tx =>
      createGroup(tx, now, { id: groupId, accountId: id, regionId, name: `g${number}`, kind: 'postpaid', actor: id }),
    )
    for (let machine = 0, count = 2 + dice.below(4); machine < count; machine++) await buyMachine(stage, fleet, groupId)
  }
  return fleet
}

async function buyMachine(stage: Stage, fleet: Fleet, groupId: string): Promise<void> {
  const { dice, id: accountId } = fleet
  const spec = dice.weighted([
    [4, specs[1]],
    [2, specs[0]],
    [2, specs[2]],
  ]) as (typeof specs)[number]
  const chargeType: ChargeType = dice.chance(4) ? 'prepaid' : 'postpaid'
  const machineId = `eas-i-${fleet.id}-${fleet.machineIds.length}`
  const orderId = `ord-${machineId}`
  const now = stage.clock.now()
  fleet.machineIds.push(machineId)
  await transaction(stage.ctx, async tx => {
    const order = { id: orderId, accountId, kind: 'purchase', phase: 'fulfilled', chargeType, groupId } as const
    const paid = { quantity: 1, totalFen: 0n, actor: accountId, createdAt: now, paidAt: now, endedAt: now }
    await tx
      .insertInto('orders')
      .values({ ...order, ...paid })
      .execute()
    await sql`update stock set allocated = allocated + 1 where zone_id = ${zoneId} and spec_id = ${spec.specId}`.execute(
      tx,
    )
    const { family: _, ...size } = spec
    const where = { accountId, groupId, orderId, lineNo: 1, regionId, zoneId, systemDiskGib: 200 }
    await createMachines(tx, now, [{ id: machineId, ...where, ...size, chargeType }])
    if (chargeType === 'postpaid') return
    fleet.prepaid.add(machineId)
    const expiresAt = now.add({ minutes: dice.chance(3) ? 110 : 60 * 24 * 20 })
    const autoRenew = { autoRenew: false, autoRenewMonths: 1 }
    const period = { anchorAt: now, monthsSinceAnchor: 1, startsAt: now, expiresAt, ...autoRenew }
    await tx
      .insertInto('subscriptions')
      .values({ machineId, accountId, ...period })
      .execute()
  })
}

/**
 * Some are lost, held by others or stopped before anything runs there. Of lost ones only one: a second would be repaired by and
 * by, at a time that no preview can know.
 */
export async function troubleMachines(
  stage: Stage,
  { id: accountId, dice, machineIds, prepaid }: Fleet,
): Promise<void> {
  let lost = 0
  for (const machineId of machineIds) {
    const actor = { accountId, name: 'user:another' }
    await dice.weighted<() => Promise<unknown>>([
      [20, async () => {}],
      [2, () => wishMachines(stage.ctx, actor, 'cordon', [machineId], { reason: 'a look at its fan' })],
      [1, () => wishMachines(stage.ctx, actor, 'cordon', [machineId], { ownerKind: 'plan', reason: 'a plan' })],
      [lost === 0 ? 1 : 0, async () => lose(machineId)],
      [1, () => stop(stage, accountId, machineId, prepaid.has(machineId) ? 'expired' : 'arrears')],
    ])()
  }

  function lose(machineId: string): void {
    lost++
    stage.machines.lose(machineId)
  }
}

const stop = (stage: Stage, accountId: string, machineId: string, because: 'expired' | 'arrears'): Promise<unknown> => {
  const actor = { accountId, name: 'system:billing' }
  return transaction(stage.ctx, tx => stopMachines(tx, stage.clock.now(), { machineIds: [machineId], because, actor }))
}

/** A service of one to five instances; their names decide who is placed first. */
export async function deployOne(stage: Stage, fleet: Fleet): Promise<void> {
  const { dice, serviceNames, groupIds } = fleet
  const name = `${'abcdefgh'[dice.below(8)]}_${serviceNames.length}`
  const gpu = dice.chance(6) ? { gpu: 1 } : {}
  const strategy = {
    ...(dice.chance(2) ? { max_surge: dice.oneOf([1, 2, '50%']) } : {}),
    ...(dice.chance(2) ? { max_unavailable: dice.oneOf([0, 1, 2, '50%']) } : {}),
    ...(dice.chance(3) ? { no_room: dice.oneOf(['ask', 'swap']) } : {}),
  }
  const config = {
    metadata: {
      ...{ name, resource: dice.oneOf(groupIds), instance: 1 + dice.below(5), rolling_strategy: strategy },
      ...{ ...sizeOf(dice), ...gpu },
    },
    containers: [{ command: 'serve' }],
  }
  const { refused } = await stage.call(fleet.id, 'POST /v1/services', { body: { config } })
  if (refused) throw refused
  serviceNames.push(name)
}

/** vCPU and MiB, of the 4 or 8 vCPU and 16 or 32 GiB of a machine. */
export const sizeOf = (dice: Dice): { cpu: number; memory: number } => ({
  cpu: dice.weighted([
    [2, 1],
    [3, 2],
    [3, 3],
    [2, 4],
    [1, 6],
  ]),
  memory: 1024 * (1 + dice.below(8)),
})
