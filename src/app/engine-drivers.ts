// The drivers of the engines that this installation has, and which of them drives a region.
import { join } from 'node:path'
import type { Engine } from '../catalog/offering.ts'
import type { Config } from '../config/config.ts'
import { ProcessMachines } from '../drivers/process/machines.ts'
import { ProcessRuntime } from '../drivers/process/runtime.ts'
import { SimulatedMachines } from '../drivers/simulated/machines.ts'
import { SimulatedRuntime } from '../drivers/simulated/runtime.ts'
import type { MachineDriver } from '../fleet/driver.ts'
import type { Clock } from '../lib/clock.ts'
import { environment } from '../lib/env.ts'
import { Refusal } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { agentSocketPath } from '../processes/run-state.ts'
import type { Hosts } from '../services/disk/reconcile-disks.ts'
import type { RuntimeDriver } from '../services/driver.ts'

export interface EngineDrivers {
  machines: MachineDriver
  runtime: RuntimeDriver
  /** Of a controller, whose loops begin: what takes its time at first is begun. */
  start?(): void
  /** What it says of itself, in Prometheus' text format. */
  metrics?(): string
  close?(): Promise<void>
}

/** Of the engines that this installation has. */
export type Drivers = Partial<Record<Engine, EngineDrivers>>

/** The engines that can tell what is stored on their host, with their regions. */
export function hostsOf(engines: ReadonlyMap<string, Engine>, drivers: Drivers): Hosts {
  const regionIds = [...engines.keys()]
  const byRuntime = Map.groupBy(regionIds, regionId => drivers[engines.get(regionId) ?? 'simulated']?.runtime)
  return new Map([...byRuntime].flatMap(([runtime, ids]) => (runtime?.disks ? [[runtime, ids] as const] : [])))
}

export interface DriversOptions {
  clock: Clock
  log: Logger
  /** Of the regions that there are: what no region has is not loaded. */
  engines: ReadonlySet<Engine>
  /** Tells this installation from others on the same cluster. */
  installationId(): Promise<string>
}

export async function createDrivers(config: Config, options: DriversOptions): Promise<Drivers> {
  const { clock, log, engines } = options
  const simulated = new SimulatedRuntime({ clock })
  return {
    process: {
      machines: new ProcessMachines({ dataDir: config.dataDir }),
      runtime: new ProcessRuntime({ socketPath: agentSocketPath(config.dataDir), dataDir: config.dataDir }),
    },
    simulated: {
      machines: new SimulatedMachines({ clock, journalPath: join(config.dataDir, 'simulated-machines.ndjson') }),
      runtime: simulated,
      close: () => simulated.close(),
    },
    // Not where no region has it: there may be no Docker to listen to.
    ...(engines.has('docker') ? { docker: await dockerDrivers(config, { clock, log }) } : {}),
    ...(engines.has('kubernetes') ? { kubernetes: await kubernetesDrivers(config, options) } : {}),
  }
}

async function dockerDrivers(
  { docker, dataDir, storage, models }: Config,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<EngineDrivers> {
  const { DockerMachines } = await import('../drivers/docker/machines.ts')
  const { DockerRuntime } = await import('../drivers/docker/runtime.ts')
  const runtime = new DockerRuntime({ docker, dataDir, storage, modelNetworks: models.allowPrivate, clock, log })
  const machines = new DockerMachines({ socketPath: docker.socketPath, dataDir })
  return { machines, runtime, close: () => runtime.close() }
}

/** Both halves speak to the cluster over one connection; what is wrong with its kubeconfig is told at the start. */
async function kubernetesDrivers(
  { kubernetes, catalog, dataDir, models }: Config,
  { clock, log, installationId: findId }: DriversOptions,
): Promise<EngineDrivers> {
  const { connectClusters, requestMetrics } = await import('../drivers/kubernetes/connect-cluster.ts')
  const { KubernetesMachines } = await import('../drivers/kubernetes/machines.ts')
  const { KubernetesRuntime } = await import('../drivers/kubernetes/runtime.ts')
  const installationId = await findId()
  const { api, management, close } = connectClusters(kubernetes, { clock, env: environment() })
  const specs = new Map(catalog.specs.map(spec => [spec.specId, spec]))
  const sizeOf = (specId: string) => specs.get(specId) ?? null
  const machines = new KubernetesMachines({
    ...{ api, managementApi: management.api, settings: { ...kubernetes.machines, installationId }, sizeOf, clock, log },
  })
  const runtime = new KubernetesRuntime({
    settings: { ...kubernetes.pods, installationId, modelNetworks: models.allowPrivate },
    ...{ api, dataDir, clock, log },
  })
  return {
    ...{ machines, runtime, metrics: () => requestMetrics(api), start: () => machines.start() },
    close: async () => {
      await Promise.all([machines.close(), runtime.close()])
      close()
    },
  }
}

/** The drivers of a region, or the refusal that its engine can't be driven. */
export function byRegion(engines: Map<string, Engine>, drivers: Drivers): (regionId: string) => EngineDrivers {
  return regionId => {
    const engine = engines.get(regionId)
    const found = engine && drivers[engine]
    if (found) return found
    const message = `Region ${regionId} runs on ${engine}, which this version can not drive.`
    throw new Refusal('EngineNotSupported', message)
  }
}
