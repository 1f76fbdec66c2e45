// A service that scales by itself, on simulated machines, with traffic as gateways would tell of it.

import { setAutoscaler } from '../../src/services/autoscale/autoscalers.ts'
import { type AutoscalePolicy, policyDefaults } from '../../src/services/autoscale/policy.ts'
import { reconcileAutoscale } from '../../src/services/autoscale/reconcile-autoscale.ts'
import { deployService } from '../../src/services/deploy.ts'
import { Measurements } from '../../src/services/metrics/measurements.ts'
import { getService } from '../../src/services/services.ts'
import { aServiceJson, type Services, someServices } from './services-fixtures.ts'

export const aPolicy = (change: Partial<AutoscalePolicy> = {}): AutoscalePolicy => ({
  ...{ min: 1, max: 6, targets: [{ metric: 'qps', threshold: 10 }] },
  ...policyDefaults,
  ...change,
})

export interface Scaled extends Services {
  serviceId: string
  measurements: Measurements
  /** Lets steps of ten seconds pass with so many requests a second; the autoscaler looks at the end of each. */
  serve(rate: number, seconds: number): Promise<void>
  /** So many wait at a gateway from now on; it looks at once. */
  wait(count: number): Promise<void>
  /** The count that is wanted, and how many serve. */
  count(): Promise<string>
  reason(): Promise<string>
}

export async function aScaledService(
  policy: AutoscalePolicy | null,
  metadata: object = {},
  options: Parameters<typeof someServices>[0] = {},
): Promise<Scaled> {
  const services = await someServices(options)
  const { ctx, actor, fleet } = services
  await deployService(ctx, actor, aServiceJson({}, metadata))
  await services.settle()
  const { id: serviceId } = await getService(fleet, actor.accountId, { name: 'digits' })
  if (policy !== null) await setAutoscaler(ctx, actor, { id: serviceId }, policy)
  const measurements = new Measurements(ctx, { engines: () => new Map(), onWaiting: () => {} })
  const gatewayIds = services.gateways.ids
  let requests = 0
  let waiting = 0
  const tell = () => {
    const word = { serviceId, requests, failed: 0, aborted: 0, refused: 0, inFlight: waiting, waiting, latency: [] }
    measurements.onHeartbeat(gatewayIds[0] ?? '', [word])
  }
  const look = async () => {
    const { changed } = await reconcileAutoscale(ctx, measurements)
    if (changed > 0) await services.settle()
  }
  for (const id of gatewayIds) {
    measurements.onConnect(id)
    measurements.onHeartbeat(id, [])
  }
  // The step in which gateways connect is not known as a whole.
  await measurements.run()
  await services.pass(10, 10)
  await measurements.run()
  const view = () => getService(fleet, actor.accountId, { id: serviceId })
  return {
    ...{ ...services, serviceId, measurements },
    async serve(rate, seconds) {
      for (let passed = 0; passed < seconds; passed += 10) {
        requests += rate * 10
        tell()
        services.fleet.clock.advance({ seconds: 10 })
        await services.host.refresh() // The gateways' leases.
        await measurements.run()
        await look()
      }
    },
    async wait(count) {
      requests += Math.max(0, count - waiting)
      waiting = count
      tell()
      await look()
    },
    async count() {
      const { replicas, running } = await view()
      return `${running}/${replicas}`
    },
    reason: async () => (await view()).reason,
  }
}
