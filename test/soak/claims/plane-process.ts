// One control plane's driver of machines, in a process of its own, told what to do by IPC: so that two of them share nothing
// but the cluster.
import { connectCluster } from '../../../src/drivers/kubernetes/connect-cluster.ts'
import { KubernetesMachines } from '../../../src/drivers/kubernetes/machines.ts'
import { defaultZoneLabel } from '../../../src/drivers/kubernetes/node.ts'
import type { ProvisionRequest } from '../../../src/fleet/driver.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { messageOf } from '../../../src/lib/errors.ts'
import { silentLog } from '../../../src/lib/log.ts'

export interface PlaneOrder {
  kubeconfig: string
  systemNamespace: string
  zoneId: string
  specId: string
}

export interface PlaneCommand {
  call: number
  /** As which installation: one driver for each. */
  installationId: string
  do: 'stock' | 'provision' | 'release' | 'patches'
  machineIds: string[]
}

const { kubeconfig, systemNamespace, zoneId, specId } = JSON.parse(process.argv[2] ?? '{}') as PlaneOrder
const { api } = connectCluster({ kubeconfig, context: null }, { clock: systemClock, env: {} })
const drivers = new Map<string, KubernetesMachines>()

function driverOf(installationId: string): KubernetesMachines {
  const known = drivers.get(installationId)
  if (known) return known
  const settings = {
    installationId,
    systemNamespace,
    zoneLabel: defaultZoneLabel,
    zones: {},
    tolerated: [],
    wipe: null,
    clusterApi: null,
  }
  const made = new KubernetesMachines({ api, settings, sizeOf: () => null, clock: systemClock, log: silentLog })
  drivers.set(installationId, made)
  return made
}

const request = (machineId: string): ProvisionRequest => ({
  ...{ effectId: `machine:${machineId}:provision`, machineId, accountId: 'acc-1', groupId: 'eas-r-1', zoneId, specId },
  ...{ cpuMilli: 1_000, memoryMiB: 1_024, gpuCount: 0, systemDiskGiB: 200 },
})

async function run(command: PlaneCommand): Promise<unknown> {
  const driver = driverOf(command.installationId)
  switch (command.do) {
    case 'stock':
      return driver.stock(zoneId, specId)
    case 'provision':
      return driver.provision(command.machineIds.map(request))
    case 'release':
      return driver.release(command.machineIds.map(machineId => ({ machineId, zoneId, driverRef: null })))
    case 'patches':
      return api.requests.get('patch nodes') ?? 0
  }
}

process.on('message', (command: PlaneCommand) => {
  run(command).then(
    answer => process.send?.({ call: command.call, answer }),
    error => process.send?.({ call: command.call, error: messageOf(error) }),
  )
})
process.once('disconnect', () => process.exit(0))
process.send?.({ call: 0 })
