// One gateway that acknowledges every push at once and has no traffic: what a rollout waits for is there in the next round.
import type { Report } from '../../src/reconcile/loop.ts'
import type { RouteHost } from '../../src/services/routes/routes.ts'

export async function obedientGateway(host: RouteHost): Promise<{ refresh(): Promise<Report> }> {
  const gatewayId = 'gw-0'
  let generation = 0
  let watched: readonly string[] = []
  const report = () => {
    const none = { streams: 0, streamsWaitedFor: 0, streamsCut: 0 }
    const idle = { inFlight: 0, idleConnections: 0, served: 0, failed: 0, longestMs: 0, ...none }
    host.onAck(gatewayId, generation)
    if (watched.length === 0) return
    host.onReport(
      gatewayId,
      generation,
      watched.map(instanceId => ({ instanceId, ...idle })),
    )
  }
  host.onConnect({ gatewayId, pid: 1, generation: -1 })
  await host.start({
    publish(change) {
      generation = change.generation
      report()
    },
    watch(instanceIds) {
      watched = instanceIds
      report()
    },
  })
  return {
    async refresh() {
      const before = `${generation} ${watched.join()}`
      await host.refresh()
      // The second one writes down what the first one's pushes were answered with.
      await host.refresh()
      return { found: 1, changed: before === `${generation} ${watched.join()}` ? 0 : 1 }
    },
  }
}
