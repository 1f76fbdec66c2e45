// How a container carries our ids: by its name, so that no engine holds two of one process, and by labels, so that
// it is found again by whoever starts after us, and never by another Berth on the same engine.
import { createHash } from 'node:crypto'
import { processIdOf } from '../../lib/process-id.ts'
import type { Launch } from '../../services/driver.ts'
import type { ContainerInspection, ContainerSummary } from './engine-types.ts'

const prefix = 'dev.berth'
const instanceLabel = `${prefix}.service-instance`
const restartLabel = `${prefix}.restart`
const machineLabel = `${prefix}.machine`
const launchLabel = `${prefix}.launch`

/** One per data directory. */
export class Installation {
  readonly id: string

  constructor(dataDir: string) {
    this.id = createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
  }

  get label(): string {
    return `${prefix}.installation=${this.id}`
  }

  get networkName(): string {
    return `berth-${this.id}`
  }

  containerName(processId: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(processId))
      throw new Error(`${JSON.stringify(processId)} is no id of a process`)
    return `berth-${this.id}-${processId}`
  }

  labelsOf(launch: Launch, containerPort: number): Record<string, string> {
    const facts: LaunchFacts = { containerPort, health: launch.health, memoryMiB: launch.memoryMiB }
    return {
      [`${prefix}.installation`]: this.id,
      [instanceLabel]: launch.serviceInstanceId,
      [restartLabel]: String(launch.restartCount),
      [machineLabel]: launch.machineId,
      [`${prefix}.service`]: launch.serviceId,
      [`${prefix}.account`]: launch.accountId,
      [launchLabel]: JSON.stringify(facts),
    }
  }
}

/** What the driver must know of a container that another process has started. */
export interface LaunchFacts {
  containerPort: number
  health: Launch['health']
  memoryMiB: number
}

export const instanceIdOf = ({ Labels }: Pick<ContainerSummary, 'Labels'>): string => Labels[instanceLabel] ?? ''
export const machineIdOf = ({ Labels }: Pick<ContainerSummary, 'Labels'>): string => Labels[machineLabel] ?? ''
export const processIdIn = (labels: Record<string, string>): string =>
  processIdOf({ serviceInstanceId: labels[instanceLabel] ?? '', restartCount: Number(labels[restartLabel] ?? 0) })

export const factsOf = ({ Config }: ContainerInspection): LaunchFacts =>
  JSON.parse(Config.Labels[launchLabel] ?? '') as LaunchFacts
