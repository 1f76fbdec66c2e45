// A driver of machines on a cluster with fake nodes.
import { onTestFinished } from 'vitest'
import type { ApiServerOptions } from '../../src/drivers/kubernetes/api/api-server.ts'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'
import { nodes } from '../../src/drivers/kubernetes/api/resources.ts'
import type { MachineSettings } from '../../src/drivers/kubernetes/machine-settings.ts'
import { KubernetesMachines } from '../../src/drivers/kubernetes/machines.ts'
import { defaultZoneLabel, type Node, specLabel } from '../../src/drivers/kubernetes/node.ts'
import type { MachineRef, ProvisionRequest } from '../../src/fleet/driver.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { openCluster, type TestCluster } from './cluster.ts'
import { FakeNodes } from './fake-nodes.ts'

export interface MachineWorld {
  cluster: TestCluster
  nodes: FakeNodes
  zoneId: string
  specId: string
  /** Another process on the same cluster; of another installation, where it says so. */
  driver(settings?: Partial<MachineSettings>, api?: Partial<ApiServerOptions>, clock?: Clock): KubernetesMachines
  request(machineId: string, more?: Partial<ProvisionRequest>): ProvisionRequest
  ref(machineId: string, driverRef?: string): MachineRef
  node(name: string): Promise<Node>
}

export async function openMachines(count: number): Promise<MachineWorld> {
  const cluster = await openCluster()
  const api = cluster.api()
  const { run, runLabel, double } = cluster
  const [zoneId, specId] = [`zone-${run}`, `spec-${run}`]
  const labels = { [runLabel.key]: runLabel.value, [specLabel]: specId, [defaultZoneLabel]: zoneId }
  const fake = new FakeNodes({ api, prefix: run, labels, renews: double === null })
  onTestFinished(() => (double ? undefined : fake.close()))
  await fake.make(count)
  const systemNamespace = await cluster.namespace()
  const base = {
    installationId: run,
    systemNamespace,
    zoneLabel: defaultZoneLabel,
    zones: {},
    tolerated: [],
    wipe: null,
    clusterApi: null,
  }
  return {
    ...{ cluster, nodes: fake, zoneId, specId },
    driver: (settings = {}, options = {}, clock = systemClock) => {
      const driver = new KubernetesMachines({
        ...{ api: cluster.api(options), settings: { ...base, ...settings }, clock, log: silentLog },
        sizeOf: () => ({ cpuMilli: 1_000, memoryMib: 1_024, gpuCount: 0 }),
      })
      onTestFinished(() => driver.close())
      return driver
    },
    request: (machineId, more = {}) => ({
      ...{
        effectId: `machine:${machineId}:provision`,
        machineId,
        accountId: 'acc-1',
        groupId: 'eas-r-1',
        zoneId,
        specId,
      },
      ...{ cpuMilli: 1_000, memoryMiB: 1_024, gpuCount: 0, systemDiskGiB: 200, ...more },
    }),
    ref: (machineId, driverRef) => ({ machineId, zoneId, driverRef: driverRef ?? null }),
    node: async name => {
      const found = await api.get<Node & AnyObject>(nodes, { name })
      if (found === null) throw new Error(`there is no node ${name}`)
      return found
    },
  }
}
