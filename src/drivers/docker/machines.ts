// A machine of the docker engine is a slice of this host, as of the process engine; its containers carry its id. While
// the engine is away nothing is said of it, and it is not given back before no container of it is left.
import { join } from 'node:path'
import type {
  MachineDriver,
  MachineObservation,
  MachineRef,
  ProvisionAnswer,
  ProvisionRequest,
  ResizeAnswer,
  ResizeRequest,
} from '../../fleet/driver.ts'
import { ProcessMachines } from '../process/machines.ts'
import { DockerEngine } from './engine.ts'
import { Installation, machineIdOf } from './labels.ts'

export interface DockerMachinesOptions {
  socketPath: string
  dataDir: string
}

export class DockerMachines implements MachineDriver {
  readonly #engine: DockerEngine
  readonly #installation: Installation
  readonly #slices: ProcessMachines

  constructor({ socketPath, dataDir }: DockerMachinesOptions) {
    this.#engine = new DockerEngine(socketPath)
    this.#installation = new Installation(dataDir)
    this.#slices = new ProcessMachines({ dataDir: join(dataDir, 'docker') })
  }

  stock = (): Promise<number | null> => this.#slices.stock()
  resize = (requests: readonly ResizeRequest[]): Promise<ResizeAnswer[]> => this.#slices.resize(requests)
  list = (): AsyncIterable<{ machineId: string; effectId: string }> => this.#slices.list()

  async provision(requests: readonly ProvisionRequest[]): Promise<ProvisionAnswer[]> {
    await this.#engine.ping()
    return this.#slices.provision(requests)
  }

  async observe(machines: readonly MachineRef[]): Promise<MachineObservation[]> {
    await this.#engine.ping()
    return this.#slices.observe(machines)
  }

  async release(machines: readonly MachineRef[]): Promise<void> {
    const ids = new Set(machines.map(({ machineId }) => machineId))
    // What a tenant left in a container's own layer goes with it, as its directory does.
    for (const container of await this.#engine.containers(this.#installation.label))
      if (ids.has(machineIdOf(container))) await this.#engine.remove(container.Id)
    await this.#slices.release(machines)
  }
}
