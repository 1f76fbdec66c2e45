// What people do to a full group, by the functions that the API calls. What is refused is refused: callers count it.
import {
  cancelDrain,
  cordonMachine,
  overrideDrain,
  uncordonMachine,
  wishMachines,
} from '../../../src/fleet/machine-wishes.ts'
import { isRefusal } from '../../../src/lib/errors.ts'
import { restartService, scaleService, updateService, useServiceVersion } from '../../../src/services/deploy.ts'
import { restartProcesses } from '../../../src/services/restart-process.ts'
import { letGoFirst, previewGoFirst } from '../../../src/services/rollout/let-go-first.ts'
import { abortRollout, pauseRollout, resumeRollout } from '../../../src/services/rollout/steer-rollout.ts'
import { restartServiceInstance } from '../../../src/services/service-instances.ts'
import { getService } from '../../../src/services/services.ts'
import type { Services } from '../../services/services-fixtures.ts'
import { type Act, type DrawnGroup, machineSize, type VersionKind } from './draw.ts'
import type { Watch } from './watch.ts'

export interface Group {
  drawn: DrawnGroup
  groupId: string
  machineIds: string[]
  /** By the full name of a service, what its versions are that do not serve. */
  spoilt: Map<string, Map<number, VersionKind>>
  history: string[]
  violations: string[]
}

export const fullName = ({ drawn }: Group, name: string): string => `g${drawn.number}_${name}`

const reason = 'a full group'

export class Acts {
  readonly #services: Services
  readonly #watch: Watch

  constructor(services: Services, watch: Watch) {
    this.#services = services
    this.#watch = watch
  }

  /** False: it was refused. */
  async perform(group: Group, act: Act): Promise<boolean> {
    try {
      if ('service' in act) return await this.#ofService(group, act)
      await this.#ofMachines(group, act)
      return true
    } catch (error) {
      if (isRefusal(error)) return false
      throw error
    }
  }

  async #ofService(group: Group, act: Extract<Act, { service: number }>): Promise<boolean> {
    const { ctx, actor } = this.#services
    const { services } = group.drawn
    const drawn = services[act.service % services.length]
    if (!drawn) throw new Error('a group without a service')
    const name = fullName(group, drawn.name)
    const key = { name }
    switch (act.do) {
      case 'go_first':
        return this.letGoFirst(name, act.lastToo)
      case 'scale':
        await scaleService(ctx, actor, key, act.replicas)
        return true
      case 'pause':
        await pauseRollout(ctx, actor, key, reason)
        return true
      case 'resume':
        await resumeRollout(ctx, actor, key)
        return true
      case 'restart_one': {
        const [instance] = await this.#services.instances(name)
        if (!instance) return false
        await restartServiceInstance(ctx, actor, key, instance.id)
        return true
      }
      case 'restart_process': {
        const running = (await this.#services.instances(name)).filter(({ phase }) => phase === 'ready')
        const chosen = act.all ? running : running.slice(0, 1)
        const ids = chosen.map(({ id }) => id)
        await restartProcesses(ctx, actor, key, ids, { acceptGap: act.acceptGap })
        for (const { id, machineId } of act.acceptGap ? chosen : [])
          this.#watch.letGo(id, { serviceName: name, machineId })
        return true
      }
      case 'update': {
        const factor = { same: 1, half: 0.5, double: 2 }[act.size]
        const size = Math.min(machineSize[drawn.resource], Math.max(1, drawn.size * factor))
        const metadata = { [drawn.resource]: size }
        const json = { containers: [{ command: `serve ${group.history.length}` }], metadata }
        const { service } = await updateService(ctx, actor, key, json)
        if (act.version !== 'good') spoiltOf(group, name).set(service.version, act.version)
        break
      }
      case 'roll_back': {
        const { version } = await getService(ctx, actor.accountId, key)
        // biome-ignore lint/correctness/useHookAtTopLevel: a verb, and no hook of React.
        await useServiceVersion(ctx, actor, key, Math.max(1, version - 1))
        break
      }
      case 'abort':
        await abortRollout(ctx, actor, key)
        break
      case 'restart':
        await restartService(ctx, actor, key)
        break
    }
    this.#watch.takeBack({ serviceName: name })
    return true
  }

  async #ofMachines({ machineIds }: Group, act: Exclude<Act, { service: number }>): Promise<void> {
    const { ctx, actor } = this.#services
    const idOf = (index: number): string => machineIds[index % machineIds.length] ?? ''
    if (act.do === 'drain') {
      const ids = act.machines.map(idOf)
      await wishMachines(ctx, actor, 'drain', ids, { reason, deadlineSeconds: act.deadlineSeconds })
      for (const machineId of ids) this.#watch.takeBack({ machineId })
      return
    }
    const machineId = idOf(act.machine)
    if (act.do === 'override') return this.override(machineId)
    const lift = { cancel_drain: cancelDrain, uncordon: uncordonMachine, cordon: cordonMachine }[act.do]
    await lift(ctx, actor, machineId, { reason })
    if (act.do !== 'cordon') this.#watch.takeBack({ machineId })
  }

  /** The first of the service that waits for a person to say so. */
  async letGoFirst(name: string, lastToo: boolean): Promise<boolean> {
    const { ctx, actor } = this.#services
    const instances = await this.#services.instances(name)
    for (const { id, machineId } of instances.filter(({ phase }) => phase === 'ready')) {
      try {
        await previewGoFirst(ctx, actor, { name }, id)
        await letGoFirst(ctx, actor, { name }, id, { reason, lastToo })
      } catch (error) {
        if (isRefusal(error)) continue
        throw error
      }
      this.#watch.letGo(id, { serviceName: name, machineId })
      return true
    }
    return false
  }

  async override(machineId: string): Promise<void> {
    const { ctx, actor } = this.#services
    await overrideDrain(ctx, actor, machineId, { reason })
    for (const { instanceId, serviceName, ...one } of await this.#watch.seen()) {
      if (one.machineId === machineId) this.#watch.letGo(instanceId, { serviceName, machineId })
    }
  }
}

function spoiltOf(group: Group, name: string): Map<number, VersionKind> {
  const spoilt = group.spoilt.get(name) ?? new Map<number, VersionKind>()
  group.spoilt.set(name, spoilt)
  return spoilt
}
