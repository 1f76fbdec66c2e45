// Resource groups: names, lost updates, and deletes that race with what is added (Q39, Q52).
import { expect, test } from 'vitest'
import { cordonMachine } from '../../src/fleet/machine-wishes.ts'
import { releaseMachines } from '../../src/fleet/machines.ts'
import {
  countGroups,
  createGroup,
  deleteGroup,
  getGroup,
  groupTotals,
  listGroups,
  lockGroup,
  renameGroup,
} from '../../src/fleet/resource-groups.ts'
import { addAccount, aFleet, type Fleet, orderMachines, reserveOn, runningMachines } from './fleet-fixtures.ts'

const noServices = async () => []

let made = 0
function newGroup(fleet: Fleet, name: string, accountId = fleet.accountId) {
  const group = {
    id: `eas-r-t${++made}`,
    accountId,
    regionId: 'region-a',
    name,
    kind: 'prepaid' as const,
    actor: 'test',
  }
  return fleet.tx(tx => createGroup(tx, fleet.clock.now(), group))
}

test('a name is unique in the account whatever the case, and free again once its group is deleted', async () => {
  const fleet = await aFleet()
  const group = await newGroup(fleet, 'Straße')
  await expect(newGroup(fleet, 'STRASSE')).rejects.toMatchObject({
    code: 'GroupNameTaken',
    details: { field: 'groupName' },
  })
  await addAccount(fleet.db, 'acc-2', fleet.clock.now())
  await newGroup(fleet, 'STRASSE', 'acc-2')
  await deleteGroup(fleet.ctx, fleet.actor, group.id, noServices)
  await newGroup(fleet, 'strasse')
})

test('two creations of one name at the same time make one group', async () => {
  const fleet = await aFleet()
  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => newGroup(fleet, 'same')))
  expect(tries.filter(one => one.status === 'fulfilled')).toHaveLength(1)
  const codes = tries.flatMap(one => (one.status === 'rejected' ? [one.reason.code] : []))
  expect(codes).toEqual(Array(7).fill('GroupNameTaken'))
})

test('a rename with an old ETag is refused and changes nothing', async () => {
  const fleet = await aFleet()
  const group = await newGroup(fleet, 'before')
  const renamed = await renameGroup(fleet.ctx, fleet.actor, group.id, ' after ', group.generation)
  expect(renamed).toMatchObject({ name: 'after', generation: group.generation + 1 })
  await expect(renameGroup(fleet.ctx, fleet.actor, group.id, 'late', group.generation)).rejects.toMatchObject({
    code: 'GroupChanged',
    details: { generation: group.generation + 1 },
  })
  expect((await getGroup(fleet.db, fleet.accountId, group.id)).name).toBe('after')
})

test('of ten renames with one ETag at the same time, one wins', async () => {
  const fleet = await aFleet()
  const group = await newGroup(fleet, 'before')
  const rename = (n: number) => renameGroup(fleet.ctx, fleet.actor, group.id, `name ${n}`, group.generation)
  const tries = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => rename(n)))
  expect(tries.filter(one => one.status === 'fulfilled')).toHaveLength(1)
  const codes = new Set(tries.flatMap(one => (one.status === 'rejected' ? [one.reason.code] : [])))
  expect([...codes]).toEqual(['GroupChanged'])
})

test('of ten groups that take one name at the same time, one gets it', async () => {
  const fleet = await aFleet()
  const groups = await Promise.all(Array.from({ length: 10 }, (_, n) => newGroup(fleet, `group ${n}`)))
  const tries = await Promise.allSettled(groups.map(group => renameGroup(fleet.ctx, fleet.actor, group.id, 'wanted')))
  expect(tries.filter(one => one.status === 'fulfilled')).toHaveLength(1)
  const codes = new Set(tries.flatMap(one => (one.status === 'rejected' ? [one.reason.code] : [])))
  expect([...codes]).toEqual(['GroupNameTaken'])
})

test('a change of case alone is a rename', async () => {
  const fleet = await aFleet()
  const group = await newGroup(fleet, 'research')
  expect(await renameGroup(fleet.ctx, fleet.actor, group.id, 'Research')).toMatchObject({ name: 'Research' })
})

test('a group is deleted only when empty; the refusal lists what remains', async () => {
  const fleet = await aFleet()
  const [first = '', second = ''] = await runningMachines(fleet, 2)
  const services = async () => [{ id: 'eas-m-1', name: 'digits' }]
  await expect(deleteGroup(fleet.ctx, fleet.actor, fleet.groupId, services)).rejects.toMatchObject({
    code: 'GroupNotEmpty',
    details: {
      machines: [
        { id: first, phase: 'running' },
        { id: second, phase: 'running' },
      ],
      services: [{ id: 'eas-m-1', name: 'digits' }],
    },
  })
  const options = { machineIds: [first, second], actor: fleet.actor, reason: '', force: false }
  await fleet.tx(tx => releaseMachines(tx, fleet.clock.now(), options))
  await expect(deleteGroup(fleet.ctx, fleet.actor, fleet.groupId, noServices)).rejects.toMatchObject({
    code: 'GroupNotEmpty',
  })
  await fleet.settle()
  await deleteGroup(fleet.ctx, fleet.actor, fleet.groupId, noServices)
  await expect(getGroup(fleet.db, fleet.accountId, fleet.groupId)).rejects.toMatchObject({ code: 'GroupNotFound' })
  await expect(deleteGroup(fleet.ctx, fleet.actor, fleet.groupId, noServices)).rejects.toMatchObject({
    code: 'GroupNotFound',
  })
})

test('machines that could not be created do not keep a group', async () => {
  const fleet = await aFleet()
  await orderMachines(fleet, 1)
  fleet.driver.inject({ do: 'refuse', refusal: 'CreateFailed' })
  await fleet.settle()
  await deleteGroup(fleet.ctx, fleet.actor, fleet.groupId, noServices)
})

test('a delete that races with an addition: one of them is refused, never both done', async () => {
  const fleet = await aFleet({ max: 20 })
  const outcomes: string[] = []
  for (let round = 0; round < 10; round++) {
    const group = await newGroup(fleet, `round ${round}`)
    const add = async () => {
      await fleet.tx(async tx => {
        await lockGroup(tx, fleet.accountId, group.id)
        const machine = { orderId: `ord-${round}`, groupId: group.id }
        await orderMachines({ ...fleet, ...machine, tx: fn => fn(tx) }, 1, machine.orderId)
      })
      return 'added'
    }
    const remove = async () => {
      await deleteGroup(fleet.ctx, fleet.actor, group.id, noServices)
      return 'deleted'
    }
    const both = round % 2 === 0 ? [add(), remove()] : [remove(), add()]
    const done = await Promise.allSettled(both)
    outcomes.push(
      done
        .map(one => (one.status === 'fulfilled' ? one.value : one.reason.code))
        .sort()
        .join(' '),
    )
  }
  const possible = new Set(['GroupNotEmpty added', 'GroupNotFound deleted'])
  expect(outcomes.filter(outcome => !possible.has(outcome))).toEqual([])
})

test('another account finds no group and adds nothing to it', async () => {
  const fleet = await aFleet()
  await addAccount(fleet.db, 'acc-2', fleet.clock.now())
  const stranger = { accountId: 'acc-2', name: 'user:usr-9' }
  const tries = [
    () => getGroup(fleet.db, 'acc-2', fleet.groupId),
    () => fleet.tx(tx => lockGroup(tx, 'acc-2', fleet.groupId)),
    () => renameGroup(fleet.ctx, stranger, fleet.groupId, 'mine'),
    () => deleteGroup(fleet.ctx, stranger, fleet.groupId, noServices),
  ]
  for (const attempt of tries) await expect(attempt()).rejects.toMatchObject({ code: 'GroupNotFound' })
  expect(await listGroups(fleet.db, { accountId: 'acc-2', limit: 10 })).toEqual([])
})

test('pages follow each other without a gap, and names are found whatever the case', async () => {
  const fleet = await aFleet()
  for (const name of ['Alpha', 'beta', 'ALPHABET']) {
    fleet.clock.advance({ seconds: 1 })
    await newGroup(fleet, name)
  }
  const query = { accountId: fleet.accountId, limit: 3 }
  const first = await listGroups(fleet.db, query)
  const second = await listGroups(fleet.db, { ...query, after: first.at(-1) ?? null })
  expect([...first, ...second].map(group => group.name)).toEqual(['main', 'Alpha', 'beta', 'ALPHABET'])
  const found = await listGroups(fleet.db, { ...query, nameContains: 'aLPHa' })
  expect(found.map(group => group.name)).toEqual(['Alpha', 'ALPHABET'])
  expect(await countGroups(fleet.db, { accountId: fleet.accountId, nameContains: 'alpha' })).toBe(2)
})

test('totals count machines that stand and what is reserved on them', async () => {
  const fleet = await aFleet()
  const [id = ''] = await runningMachines(fleet, 3)
  await reserveOn(fleet, id, 'si-1', 'si-2')
  const empty = await newGroup(fleet, 'empty')
  expect(await groupTotals(fleet.db, [empty.id, fleet.groupId], fleet.clock.now())).toMatchObject([
    { groupId: empty.id, machines: 0, cpuMilli: 0, reservedCpuMilli: 0 },
    { machines: 3, postpaid: 3, prepaid: 0, running: 3, cpuMilli: 24_000, gpuCount: 6, reservedCpuMilli: 2_000 },
  ])
})

test('totals tell running machines that take new service instances from those that do not', async () => {
  const fleet = await aFleet()
  const [held = '', planned = ''] = await runningMachines(fleet, 3)
  const counted = async () => (await groupTotals(fleet.db, [fleet.groupId], fleet.clock.now()))[0]
  expect(await counted()).toMatchObject({ running: 3, open: 3 })
  const expiresAt = fleet.clock.now().add({ hours: 1 })
  await cordonMachine(fleet.ctx, fleet.actor, held)
  await cordonMachine(fleet.ctx, fleet.actor, planned, { ownerKind: 'plan', expiresAt })
  expect(await counted()).toMatchObject({ running: 3, open: 1 })
  fleet.clock.advance({ hours: 1 })
  expect(await counted()).toMatchObject({ running: 3, open: 2 })
})
