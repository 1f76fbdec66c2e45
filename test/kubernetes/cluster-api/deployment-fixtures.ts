// A driver of machines on a cluster with fake nodes, and a MachineDeployment that makes more of them.

import { nodes as nodeResource } from '../../../src/drivers/kubernetes/api/resources.ts'
import type { ClusterApiSettings } from '../../../src/drivers/kubernetes/machine-settings.ts'
import type { KubernetesMachines } from '../../../src/drivers/kubernetes/machines.ts'
import { machineLabel } from '../../../src/drivers/kubernetes/pod-labels.ts'
import type { ProvisionAnswer } from '../../../src/fleet/driver.ts'
import { ManualClock } from '../../../src/lib/clock.ts'
import { type MachineWorld, openMachines } from '../machine-fixtures.ts'
import { installClusterApi } from './custom-resources.ts'
import { FakeClusterApi } from './fake-cluster-api.ts'

export interface DeploymentWorld extends MachineWorld {
  clusterApi: FakeClusterApi
  /** Of the drivers: it stands still. */
  clock: ManualClock
  plane(more?: Partial<ClusterApiSettings>, installationId?: string): KubernetesMachines
  ids(count: number, prefix?: string): string[]
  provision(driver: KubernetesMachines, machineIds: readonly string[]): Promise<ProvisionAnswer[]>
  states(driver: KubernetesMachines, machineIds: readonly string[]): Promise<string[]>
  /** Which machine has which node, by the server's word. */
  claimed(): Promise<Map<string, string>>
}

export interface DeploymentOrder {
  /** Nodes that nothing of Cluster API has made. */
  free?: number
  replicas?: number
  min?: number | null
  max?: number | null
  annotations?: Record<string, string>
}

export async function openDeployment({
  free = 0,
  replicas = 0,
  min = null,
  max = 10,
  annotations = {},
}: DeploymentOrder = {}): Promise<DeploymentWorld> {
  const world = await openMachines(free)
  const { cluster, zoneId, specId, nodes, driver, request, ref } = world
  await installClusterApi(cluster)
  const namespace = await cluster.namespace()
  const name = `md-${cluster.run}`
  const api = cluster.api()
  const clusterApi = new FakeClusterApi({ api, nodes, namespace, name })
  await clusterApi.deploy(replicas, annotations)
  const clock = new ManualClock('2026-03-01T08:00:00Z')
  const offer = { zoneId, specId, namespace, name, minReplicas: min, maxReplicas: max }
  const base: ClusterApiSettings = { machineDeployments: [offer], provisionSeconds: 1_200, released: 'remove' }
  return {
    ...{ ...world, clusterApi, clock },
    plane: (more = {}, installationId = cluster.run) =>
      driver({ installationId, clusterApi: { ...base, ...more } }, {}, clock),
    ids: (count, prefix = 'eas-i') => Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`),
    provision: (one, machineIds) => one.provision(machineIds.map(id => request(id))),
    states: async (one, machineIds) => (await one.observe(machineIds.map(id => ref(id)))).map(({ state }) => state),
    claimed: async () => {
      const { items } = await api.list(nodeResource, { labelSelector: `${machineLabel},berth.dev/test=${cluster.run}` })
      return new Map(items.map(({ metadata }) => [metadata.labels?.[machineLabel] ?? '', metadata.name]))
    },
  }
}
