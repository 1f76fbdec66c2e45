// The cluster of this installation.
import type { Clock } from '../../lib/clock.ts'
import { ApiServer } from './api/api-server.ts'
import { Connection } from './api/connection.ts'
import { type ClusterAccess, clusterAccess } from './api/kubeconfig.ts'

export interface Cluster {
  api: ApiServer
  access: ClusterAccess
  close(): void
}

/** Refused with `KubernetesConfig` where it is not said how it is reached; nothing is asked of it yet. */
export function connectCluster(
  { kubeconfig, context }: { kubeconfig: string | null; context: string | null },
  { clock, env }: { clock: Clock; env: NodeJS.ProcessEnv },
): Cluster {
  const access = clusterAccess({ kubeconfig, context, env })
  const connection = new Connection(access, { clock, env })
  return { access, api: new ApiServer({ connection, clock }), close: () => connection.close() }
}
