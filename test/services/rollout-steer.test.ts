import { expect, it } from 'vitest'
import { cordonMachine, drainMachine } from '../../src/fleet/machine-wishes.ts'
import {
  deployService,
  restartService,
  scaleService,
  updateService,
  useServiceVersion,
} from '../../src/services/deploy.ts'
import { checkAbort } from '../../src/services/impact/update-impact.ts'
import { letGoFirst, previewGoFirst } from '../../src/services/rollout/let-go-first.ts'
import { abortRollout, pauseRollout, resumeRollout } from '../../src/services/rollout/steer-rollout.ts'
import { getService } from '../../src/services/services.ts'
import { aServiceJson, eventKinds, type Services, someServices } from './services-fixtures.ts'

const key = { name: 'digits' }
const viewOf = (services: Services) => getService(services.fleet, services.actor.accountId, key)
const versionsOf = async (services: Services) => (await services.instances('digits')).map(one => one.version).sort()

async function deployed(services: Services, metadata: object = {}): Promise<void> {
  await deployService(services.ctx, services.actor, aServiceJson({}, metadata))
  await services.settle()
}

const update = (services: Services, command: string, metadata: object = {}) =>
  updateService(services.ctx, services.actor, key, { containers: [{ command }], metadata })

/** A new version of which every instance crashes, until its rollout has paused. */
async function failing(services: Services): Promise<void> {
  services.runtime.inject('crash', 'crash', 'crash')
  await update(services, 'broken')
  await services.pass(8)
  expect(await viewOf(services)).toMatchObject({ progress: { phase: 'failing' } })
}

it('a rollout that fails pauses for good: nothing of it is tried again, and the old instances serve', async () => {
  const services = await someServices()
  await deployed(services, { instance: 2 })
  await failing(services)
  await services.pass(600, 60)
  expect(await versionsOf(services)).toEqual([1, 1])
  expect(services.gateways.endpoints('digits')).toHaveLength(2)
  expect(await viewOf(services)).toMatchObject({
    status: 'Updating',
    rollout: { pause: { because: 'failing', failure: { code: 'Crashing', count: 3 } } },
    causes: [
      { code: 'Paused' },
      { code: 'Counts', running: 2 },
      { code: 'CrashLoop', count: 3, last: { exitCode: 1 } },
    ],
  })
  expect(await eventKinds(services, 'service.rollout%')).toEqual(['service.rollout_failing'])
})

it('while it is paused an old instance that crashes comes back as it was, and a drain moves one as it is', async () => {
  const services = await someServices()
  await deployed(services, { instance: 2 })
  await failing(services)
  const [first] = await services.instances('digits')
  services.runtime.crash(first?.id ?? '')
  await services.pass(3)
  await drainMachine(services.ctx, services.actor, first?.machineId ?? '', { reason: 'a test', deadlineSeconds: 600 })
  await services.pass(5)
  const instances = await services.instances('digits')
  expect(instances.map(one => [one.version, one.phase, one.machineId === first?.machineId])).toEqual([
    [1, 'ready', false],
    [1, 'ready', false],
  ])
})

it('resumed, it goes on, and ends as done', async () => {
  const services = await someServices()
  await deployed(services, { instance: 2 })
  await failing(services)
  await resumeRollout(services.ctx, services.actor, key)
  await services.pass(5)
  expect(await versionsOf(services)).toEqual([2, 2])
  expect(await viewOf(services)).toMatchObject({
    status: 'Running',
    rollout: null,
    lastRollout: { kind: 'update', fromVersion: 1, version: 2, phase: 'done' },
  })
})

it('aborted, it goes back to the version before, as the preview says, and ends as aborted', async () => {
  const services = await someServices({ runtime: { startMs: 2_000 } })
  await deployed(services, { instance: 3 })
  await services.pass(3)
  await update(services, 'serve v2')
  let steps = 0
  while (!(await versionsOf(services)).includes(2) && steps++ < 20) await services.pass(1)
  await services.pass(3)
  await pauseRollout(services.ctx, services.actor, key, 'slower than before')
  await services.pass(3)
  const begun = (await versionsOf(services)).filter(version => version === 2).length
  const impact = await checkAbort(services.ctx, services.actor, key)
  expect(begun).toBe(1)
  expect(impact).toMatchObject({ effect: 'version', version: 1, replaced: begun })
  await abortRollout(services.ctx, services.actor, key)
  await services.pass(6)
  expect(await versionsOf(services)).toEqual([1, 1, 1])
  expect(await viewOf(services)).toMatchObject({
    ...{ status: 'Running', version: 1, rollout: null },
    lastRollout: { kind: 'abort', fromVersion: 2, version: 1, phase: 'aborted' },
  })
})

it('an update of one that is not done yet still goes back to what served before both', async () => {
  const services = await someServices()
  await deployed(services)
  await failing(services)
  services.runtime.inject('crash', 'crash', 'crash')
  await update(services, 'broken too')
  await services.pass(8)
  expect(await viewOf(services)).toMatchObject({
    version: 3,
    rollout: { fromVersion: 1 },
    progress: { phase: 'failing' },
  })
  // Rolling back to it by its number is the same as to abort.
  await useServiceVersion(services.ctx, services.actor, key, 1)
  await services.settle()
  expect(await viewOf(services)).toMatchObject({ status: 'Running', version: 1, lastRollout: { phase: 'aborted' } })
})

it('a restart of all that is aborted leaves the rest as it is', async () => {
  const services = await someServices()
  await deployed(services, { instance: 2 })
  const before = (await services.instances('digits')).map(one => one.id)
  await restartService(services.ctx, services.actor, key)
  await pauseRollout(services.ctx, services.actor, key, 'not now')
  await services.settle()
  expect((await services.instances('digits')).map(one => one.id)).toEqual(before)
  await abortRollout(services.ctx, services.actor, key)
  await services.settle()
  expect((await services.instances('digits')).map(one => one.id)).toEqual(before)
  expect(await viewOf(services)).toMatchObject({
    status: 'Running',
    lastRollout: { kind: 'restart', phase: 'aborted' },
  })
})

it('what is not under way can not be paused, resumed or aborted, and what is paused not restarted', async () => {
  const services = await someServices()
  await deployed(services)
  const { ctx, actor } = services
  for (const act of [() => pauseRollout(ctx, actor, key, 'why not'), () => abortRollout(ctx, actor, key)])
    await expect(act()).rejects.toMatchObject({ code: 'NoRollout' })
  await scaleService(ctx, actor, key, 2)
  await expect(abortRollout(ctx, actor, key)).rejects.toMatchObject({ code: 'NoRollout' })
  await update(services, 'serve v2')
  await expect(resumeRollout(ctx, actor, key)).rejects.toMatchObject({ code: 'RolloutNotPaused' })
  await pauseRollout(ctx, actor, key, 'a look')
  await expect(restartService(ctx, actor, key)).rejects.toMatchObject({ code: 'RolloutPaused' })
})

/** One machine, full of the one instance of the service: its update has no room. */
async function inFullGroup(services: Services): Promise<string> {
  await deployed(services, { cpu: 8 })
  await services.pass(5)
  await update(services, 'serve v2')
  await services.pass(3)
  const head = (await services.instances('digits')).find(one => one.version === 1)
  expect(services.gateways.endpoints('digits')).toEqual([head?.id])
  return head?.id ?? ''
}

it('in a full group the last one goes first only by name, with the gap that was measured, and its room is its replacement’s', async () => {
  const services = await someServices({ machines: 1, runtime: { startMs: 4_000, stopMs: 2_000 } })
  const head = await inFullGroup(services)
  // Another service that waits for the same room gets none of it.
  await deployService(services.ctx, services.actor, aServiceJson({}, { name: 'other', cpu: 4 }))
  await services.pass(2)
  const { ctx, actor } = services
  const impact = await previewGoFirst(ctx, actor, key, head)
  expect(impact).toMatchObject({
    running: 1,
    runningAfter: 0,
    losesLast: true,
    regainsRoom: true,
    expectedGapMs: 4_000,
  })
  await expect(letGoFirst(ctx, actor, key, head, { reason: 'ok', lastToo: false })).rejects.toMatchObject({
    ...{ code: 'LastOneServing', details: { field: 'lastToo' } },
  })
  const asked = services.fleet.clock.now()
  await letGoFirst(ctx, actor, key, head, { reason: 'nobody calls it at night', lastToo: true })
  await services.pass(15)
  const instances = await services.instances('digits')
  expect(instances).toMatchObject([{ version: 2, phase: 'ready', replacesId: head }])
  const gapMs = (instances[0]?.readyAt?.epochMilliseconds ?? 0) - asked.epochMilliseconds
  expect(gapMs).toBeGreaterThan(4_000)
  expect(gapMs).toBeLessThan(10_000)
  const [event] = await services.fleet.db
    .selectFrom('events')
    .select(['actor', 'data'])
    .where('kind', '=', 'service.let_go_first')
    .execute()
  expect(event).toMatchObject({ actor: 'user:usr-1', data: { reason: 'nobody calls it at night', runningAfter: 0 } })
})

it('what would not help is refused with what would still be short, and what waits for nothing has nothing to go first for', async () => {
  const services = await someServices({ machines: 1 })
  await deployed(services, { cpu: 4 })
  await deployService(services.ctx, services.actor, aServiceJson({}, { name: 'other', cpu: 4 }))
  await services.settle()
  const [head] = await services.instances('digits')
  const { ctx, actor } = services
  await expect(previewGoFirst(ctx, actor, key, head?.id ?? '')).rejects.toMatchObject({ code: 'NotWaitingForRoom' })
  await update(services, 'serve v2', { cpu: 6 })
  await services.pass(2)
  await expect(previewGoFirst(ctx, actor, key, head?.id ?? '')).rejects.toMatchObject({
    ...{ code: 'SwapDoesNotHelp', details: { shortage: { missing: { cpuMilli: 2_000 } } } },
  })
})

it('of a drain, one may end without a replacement, and it is said that no room is in sight', async () => {
  const services = await someServices({ machines: 2 })
  await deployed(services)
  const [head] = await services.instances('digits')
  const { ctx, actor, machineIds } = services
  for (const machineId of machineIds) if (machineId !== head?.machineId) await cordonMachine(ctx, actor, machineId)
  await drainMachine(ctx, actor, head?.machineId ?? '', { reason: 'a test', deadlineSeconds: 600 })
  await services.pass(3)
  expect(services.gateways.endpoints('digits')).toEqual([head?.id])
  const impact = await previewGoFirst(ctx, actor, key, head?.id ?? '')
  expect(impact).toMatchObject({ losesLast: true, regainsRoom: false, expectedGapMs: null })
  await letGoFirst(ctx, actor, key, head?.id ?? '', { reason: 'the machine is on fire', lastToo: true })
  await services.pass(3)
  expect((await services.instances('digits')).map(one => one.phase)).toEqual(['waiting'])
})
