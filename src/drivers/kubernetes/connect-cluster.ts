// The cluster of this installation.
import type { Clock } from '../../lib/clock.ts'
import { ApiServer } from './api/api-server.ts'
import { Connection } from './api/connection.ts'
import { type ClusterAccess, clusterAccess } from './api/kubeconfig.ts'

interface Place {
  kubeconfig: string | null
  context: string | null
}

export interface Cluster {
  api: ApiServer
  access: ClusterAccess
  close(): void
}

/** Refused with `KubernetesConfig` where it is not said how it is reached; nothing is asked of it yet. */
export function connectCluster(
  { kubeconfig, context }: Place,
  { clock, env }: { clock: Clock; env: NodeJS.ProcessEnv },
): Cluster {
  const access = clusterAccess({ kubeconfig, context, env })
  const connection = new Connection(access, { clock, env })
  return { access, api: new ApiServer({ connection, clock }), close: () => connection.close() }
}

/** With the one that manages it, which is the same where none is named. */
export function connectClusters(
  { management, ...own }: Place & { management: Place | null },
  options: { clock: Clock; env: NodeJS.ProcessEnv },
): Cluster & { management: Cluster } {
  const cluster = connectCluster(own, options)
  if (management === null) return { ...cluster, management: cluster }
  const other = connectCluster(management, options)
  const close = () => {
    cluster.close()
    other.close()
  }
  return { ...cluster, management: other, close }
}

/** What was asked of the API server, by verb and resource. */
export function requestMetrics({ requests }: ApiServer): string {
  const lines = [...requests].sort().map(([what, count]) => {
    const [verb, resource] = what.split(' ')
    return `berth_kubernetes_requests_total{verb="${verb}",resource="${resource}"} ${count}`
  })
  const name = 'berth_kubernetes_requests_total'
  return [`# HELP ${name} Requests to the API server of Kubernetes`, `# TYPE ${name} counter`, ...lines, ''].join('\n')
}
