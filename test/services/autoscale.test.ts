import { describe, expect, it } from 'vitest'
import { cordonMachine, uncordonMachine } from '../../src/fleet/machine-wishes.ts'
import { getAutoscaler, removeAutoscaler, setAutoscaler } from '../../src/services/autoscale/autoscalers.ts'
import { getCronScaler, removeCronScaler, setCronScaler } from '../../src/services/autoscale/cron-scalers.ts'
import { reconcileAutoscale } from '../../src/services/autoscale/reconcile-autoscale.ts'
import { reconcileCron } from '../../src/services/autoscale/reconcile-cron.ts'
import { deployService, scaleService, stopService, updateService } from '../../src/services/deploy.ts'
import { serviceMetrics } from '../../src/services/metrics/metrics.ts'
import { aPolicy, aScaledService, type Scaled } from './autoscale-fixtures.ts'
import { aServiceJson, eventKinds } from './services-fixtures.ts'

const key = { name: 'digits' }
const dataOf = async ({ fleet }: Scaled, kind: string) => {
  const query = fleet.db.selectFrom('events').select('data').where('kind', '=', kind).orderBy('id')
  return (await query.execute()).map(row => row.data)
}
const verdictOf = async ({ fleet, actor }: Scaled) => (await getAutoscaler(fleet.db, actor.accountId, key)).verdict

describe('a service that scales by itself', () => {
  it('grows with its traffic, and shrinks once it has been less for the whole window; every change tells its figures', async () => {
    const scaled = await aScaledService(aPolicy())
    await scaled.serve(8, 60)
    expect(await scaled.count()).toBe('1/1')
    await scaled.serve(44, 30)
    expect(await scaled.count()).toBe('5/5')
    await scaled.serve(8, 290)
    expect(await scaled.count()).toBe('5/5')
    expect(await verdictOf(scaled)).toMatchObject({ code: 'Stabilizing', advised: 1 })
    await scaled.serve(8, 60)
    expect(await scaled.count()).toBe('1/1')
    const changes = await dataOf(scaled, 'service.autoscaled')
    expect(changes[0]).toEqual({ replicas: 2, before: 1, because: 'ScaleUp', figures: 'qps 20 / 10' })
    expect(changes.at(-1)).toMatchObject({ replicas: 1, because: 'ScaleDown' })
  })

  it('waits for room with its reason and asks for no more; room that is closed is none', async () => {
    const scaled = await aScaledService(aPolicy({ max: 10 }), { cpu: 4 })
    const [, second = ''] = scaled.machineIds
    await cordonMachine(scaled.ctx, scaled.actor, second)
    await scaled.serve(30, 60)
    expect(await scaled.count()).toBe('2/3')
    expect(await scaled.reason()).toContain('2 of 3 instances are running')
    await scaled.serve(90, 60)
    expect(await scaled.count()).toBe('2/3')
    expect(await verdictOf(scaled)).toMatchObject({ code: 'WaitsForRoom', replicas: 3, advised: 9 })
    await scaled.serve(30, 60)
    await uncordonMachine(scaled.ctx, scaled.actor, second)
    await scaled.pass(10, 5)
    await scaled.serve(30, 10)
    expect(await scaled.count()).toBe('3/3')
  })

  it('takes nothing away while a gateway is not heard', async () => {
    const scaled = await aScaledService(aPolicy({ scaleDownWindowSeconds: 60 }), { instance: 3 })
    scaled.measurements.onDisconnect('gw-1')
    await scaled.serve(1, 300)
    expect(await scaled.count()).toBe('3/3')
    expect((await verdictOf(scaled))?.code).toBe('NoData')
    scaled.measurements.onConnect('gw-1')
    await scaled.serve(1, 120)
    expect(await scaled.count()).toBe('1/1')
  })

  it("takes a person's count within its bounds and goes on from there; outside it says how", async () => {
    const scaled = await aScaledService(aPolicy({ min: 2, max: 4 }))
    await scaled.serve(1, 10)
    expect(await scaled.count()).toBe('2/2')
    await scaleService(scaled.ctx, scaled.actor, key, 4)
    await scaled.settle()
    await scaled.serve(1, 200)
    expect(await scaled.count()).toBe('4/4')
    await scaled.serve(1, 200)
    expect(await scaled.count()).toBe('2/2')
    const outside = { code: 'OutsideAutoscaler', details: { field: 'replicas', min: 2, max: 4 } }
    await expect(scaleService(scaled.ctx, scaled.actor, key, 1)).rejects.toMatchObject(outside)
    await expect(updateService(scaled.ctx, scaled.actor, key, { metadata: { instance: 9 } })).rejects.toMatchObject(
      outside,
    )
    await updateService(scaled.ctx, scaled.actor, key, { metadata: { memory: 2048 } })
    await removeAutoscaler(scaled.ctx, scaled.actor, key)
    await scaleService(scaled.ctx, scaled.actor, key, 1)
    await scaled.settle()
    await scaled.serve(90, 60)
    expect(await scaled.count()).toBe('1/1')
    await expect(removeAutoscaler(scaled.ctx, scaled.actor, key)).rejects.toMatchObject({ code: 'NoAutoscaler' })
  })

  it('keeps its count while a rollout is paused', async () => {
    const scaled = await aScaledService(aPolicy())
    scaled.runtime.inject(...Array(20).fill('crash'))
    await updateService(scaled.ctx, scaled.actor, key, { metadata: { memory: 2048 } })
    await scaled.pass(20)
    await scaled.serve(50, 30)
    expect(await scaled.count()).toMatch(/\/1$/)
    expect((await verdictOf(scaled))?.code).toBe('RolloutPaused')
  })

  it('is scaled once, however many look at it at the same time', async () => {
    const scaled = await aScaledService(aPolicy())
    await scaled.serve(8, 30)
    await setAutoscaler(scaled.ctx, scaled.actor, key, aPolicy({ min: 3 }))
    const looks = Array.from({ length: 10 }, () => reconcileAutoscale(scaled.ctx, scaled.measurements))
    const reports = await Promise.all(looks)
    expect(reports.reduce((sum, report) => sum + report.changed, 0)).toBe(1)
    expect(await dataOf(scaled, 'service.autoscaled')).toEqual([
      { replicas: 3, before: 1, because: 'Bounds', figures: '' },
    ])
  })
})

describe('a service that scales to zero', () => {
  const policy = aPolicy({ min: 0, zeroGraceSeconds: 60 })

  it('goes to sleep once nobody has asked for the grace, says so, and wakes for a request that waits', async () => {
    const scaled = await aScaledService(policy)
    await scaled.serve(1, 60)
    expect(await scaled.count()).toBe('1/1')
    expect([...scaled.gateways.routes.values()][0]?.waiting).toEqual({ countMax: 500, timeoutMs: 120_000 })
    await scaled.serve(0, 80)
    expect(await scaled.count()).toBe('0/0')
    expect(await scaled.reason()).toBe('scaled to zero, wakes on request')
    await scaled.serve(0, 600)
    expect(await scaled.count()).toBe('0/0')
    await scaled.wait(7)
    expect(await scaled.count()).toBe('1/1')
    const changes = await dataOf(scaled, 'service.autoscaled')
    expect(changes).toMatchObject([
      { replicas: 0, before: 1, because: 'ToZero' },
      { replicas: 1, before: 0, because: 'FromZero', figures: 'waiting 7' },
    ])
    await scaled.wait(0)
    await scaled.serve(1, 60)
    expect(await scaled.count()).toBe('1/1')
  })

  it('stays awake while a request lasts, however long', async () => {
    const scaled = await aScaledService(policy)
    await scaled.serve(1, 10)
    await scaled.wait(1)
    await scaled.serve(0, 200)
    expect(await scaled.count()).toBe('1/1')
  })

  it('stays awake while another gateway may serve unheard', async () => {
    const scaled = await aScaledService(policy)
    scaled.measurements.onDisconnect('gw-1')
    await scaled.serve(0, 200)
    expect(await scaled.count()).toBe('1/1')
  })

  it('has its queue and its time from its own JSON', async () => {
    const rpc = { max_queue_size: 40, keepalive: 5_000 }
    const scaled = await aScaledService(policy, { rpc })
    expect([...scaled.gateways.routes.values()][0]?.waiting).toEqual({ countMax: 40, timeoutMs: 5_000 })
    await removeAutoscaler(scaled.ctx, scaled.actor, key)
    await scaled.settle()
    expect([...scaled.gateways.routes.values()][0]?.waiting).toBeUndefined()
  })
})

describe('what was measured', () => {
  it('is kept as ten-second points for an hour and as minutes for a day, and no longer', async () => {
    const scaled = await aScaledService(aPolicy({ max: 1 }))
    await scaled.serve(3, 120)
    const { db, clock } = scaled.fleet
    const count = async (step: number) => {
      const query = db.selectFrom('serviceMetrics').select(db.fn.countAll<bigint>().as('count'))
      return Number((await query.where('stepSeconds', '=', step).executeTakeFirstOrThrow()).count)
    }
    expect(await count(10)).toBeGreaterThanOrEqual(12)
    const minutes = await serviceMetrics(db, scaled.actor.accountId, key, 'day', clock.now())
    expect(minutes.qps.filter(rate => rate !== null).at(-1)).toBe(3)
    clock.advance({ hours: 2 })
    await scaled.serve(3, 60)
    expect(await count(10)).toBeLessThanOrEqual(7)
    clock.advance({ hours: 25 })
    await scaled.serve(3, 60)
    expect(await count(60)).toBeLessThanOrEqual(2)
  })

  it("tells nothing of another account's service, and has no rows for one that is deleted", async () => {
    const scaled = await aScaledService(null)
    await expect(serviceMetrics(scaled.fleet.db, 'acc-2', key, 'hour', scaled.fleet.clock.now())).rejects.toMatchObject(
      {
        code: 'ServiceNotFound',
      },
    )
  })
})

it('an autoscaler that cannot hold together is refused with its field', async () => {
  const scaled = await aScaledService(null)
  const cases: [Parameters<typeof aPolicy>[0], string][] = [
    [{ min: 7 }, 'min'],
    [{ max: 0, min: 0 }, 'max'],
    [{ targets: [] }, 'scaleStrategies'],
    [{ targets: [{ metric: 'cpu', threshold: 101 }] }, 'scaleStrategies[0].threshold'],
    [{ targets: [{ metric: 'gpu', threshold: 50 }] }, 'scaleStrategies[0].metricName'],
    [{ activationReplicas: 9 }, 'behavior.onZero.scaleUpActivationReplicas'],
  ]
  for (const [change, field] of cases) {
    const refused = setAutoscaler(scaled.ctx, scaled.actor, key, aPolicy(change))
    await expect(refused).rejects.toMatchObject({ code: 'InvalidAutoscaler', details: { field } })
  }
  await deployService(scaled.ctx, scaled.actor, aServiceJson({}, { name: 'other' }))
  expect(await eventKinds(scaled, 'service.autoscaler%')).toEqual([])
})

describe('scheduled scaling', () => {
  const jobs = [
    { name: 'morning', schedule: '0 0 8 * * MON-FRI', targetSize: 4, timeZone: 'Asia/Shanghai' },
    { name: 'night', schedule: '0 0 22 * * *', targetSize: 1, timeZone: 'Asia/Shanghai' },
  ]
  /** Moves to a local time, and lets the schedule look. */
  const at = async (scaled: Scaled, local: string): Promise<string> => {
    const then = Temporal.PlainDateTime.from(local).toZonedDateTime('Asia/Shanghai').toInstant()
    scaled.fleet.clock.set(then)
    await scaled.host.refresh()
    const { changed } = await reconcileCron(scaled.ctx)
    if (changed > 0) await scaled.settle()
    return scaled.count()
  }

  it('has its counts at its times, once each, and makes good the last one that was missed', async () => {
    const scaled = await aScaledService(null)
    await at(scaled, '2027-03-04T12:00')
    await setCronScaler(scaled.ctx, scaled.actor, key, { jobs, excludeDates: ['2027-03-09'] })
    expect(await at(scaled, '2027-03-04T21:59:59')).toBe('1/1')
    expect(await at(scaled, '2027-03-05T08:00')).toBe('4/4')
    await scaleService(scaled.ctx, scaled.actor, key, 2)
    await scaled.settle()
    expect(await at(scaled, '2027-03-05T08:00:30')).toBe('2/2')
    // Control was away from Friday to Monday noon: of all that was missed, Monday morning counts.
    expect(await at(scaled, '2027-03-08T12:00')).toBe('4/4')
    expect(await at(scaled, '2027-03-08T22:00')).toBe('1/1')
    expect(await at(scaled, '2027-03-09T08:00')).toBe('1/1')
    const { jobs: seen } = await getCronScaler(scaled.fleet.db, scaled.actor.accountId, key, scaled.fleet.clock.now())
    expect(seen.map(job => job.nextRuns[0]?.toString())).toEqual(['2027-03-10T00:00:00Z', '2027-03-10T14:00:00Z'])
    expect(seen.map(job => job.last?.message)).toEqual(['scaled to 4', 'scaled to 1'])
    expect((await dataOf(scaled, 'service.cron_scaled'))[0]).toEqual({ name: 'morning', replicas: 4, before: 1 })
    await removeCronScaler(scaled.ctx, scaled.actor, key)
    expect(await at(scaled, '2027-03-10T08:00')).toBe('1/1')
  })

  it('is the least that an autoscaler keeps, until the next run', async () => {
    const scaled = await aScaledService(aPolicy({ max: 3, scaleDownWindowSeconds: 30 }))
    await at(scaled, '2027-03-04T12:00')
    await setCronScaler(scaled.ctx, scaled.actor, key, { jobs, excludeDates: [] })
    expect(await at(scaled, '2027-03-05T08:00')).toBe('3/3')
    await scaled.serve(1, 120)
    expect(await scaled.count()).toBe('3/3')
    await expect(scaleService(scaled.ctx, scaled.actor, key, 1)).rejects.toMatchObject({ code: 'OutsideAutoscaler' })
    await at(scaled, '2027-03-05T22:00')
    await scaled.serve(1, 120)
    expect(await scaled.count()).toBe('1/1')
  })

  it('does not start a service that a person has stopped', async () => {
    const scaled = await aScaledService(null)
    await at(scaled, '2027-03-04T12:00')
    await setCronScaler(scaled.ctx, scaled.actor, key, { jobs, excludeDates: [] })
    await stopService(scaled.ctx, scaled.actor, key)
    await scaled.settle()
    await at(scaled, '2027-03-05T08:00')
    const { jobs: seen } = await getCronScaler(scaled.fleet.db, scaled.actor.accountId, key, scaled.fleet.clock.now())
    expect(seen[0]?.last).toMatchObject({ state: 'Skipped', message: 'digits is stopped' })
    expect(scaled.runtime.live()).toEqual([])
  })
})
