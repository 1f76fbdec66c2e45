// The second half of a decision: what is asked of the driver. Every call may be repeated; what could not be done is left out
// of what is written down, and asked again.
import { messageOf } from '../../lib/errors.ts'
import { declareFaults } from '../../lib/fault.ts'
import type { Launch, RuntimeDriver, RuntimeRef } from '../driver.ts'
import type { ServiceInstance } from '../service-instance.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { probe } from './probe.ts'
import type { Action } from './rollout-snapshot.ts'
import { specOf, type WorldService } from './world.ts'

const faults = declareFaults(
  'services.act.before-launch',
  'services.act.after-launch',
  'services.act.before-stop',
  'services.act.after-stop',
  'services.act.before-forget',
)

/** Calls to a driver at a time, for one service. */
const atOnce = 16

/** The actions that may be written down: those of the database alone, and those that the driver has done. */
export async function performPlan(
  ctx: ServicesCtx,
  service: WorldService,
  instances: readonly ServiceInstance[],
  actions: readonly Action[],
): Promise<Action[]> {
  const byId = new Map(instances.map(instance => [instance.id, instance]))
  const attempt = async (action: Action): Promise<Action | null> => {
    const instance = 'id' in action ? byId.get(action.id) : undefined
    try {
      return (await perform(ctx, service, instance, action)) ? action : null
    } catch (error) {
      const about = { service: service.id, action: action.do, error: messageOf(error) }
      ctx.log.warn(about, 'a service instance could not be acted on; trying again')
      return null
    }
  }
  const done: Action[] = []
  for (let start = 0; start < actions.length; start += atOnce) {
    const attempts = await Promise.all(actions.slice(start, start + atOnce).map(attempt))
    done.push(...attempts.filter(action => action !== null))
  }
  return done
}

async function perform(
  ctx: ServicesCtx,
  service: WorldService,
  instance: ServiceInstance | undefined,
  action: Action,
): Promise<boolean> {
  const ref = instance ? refOf(instance) : null
  if (action.do === 'admit') return answers(ctx, specOf(service, instance).health, action)
  if (action.do !== 'launch' && action.do !== 'stop') return true
  if (!instance || !ref) return false
  const driver = ctx.runtimeDriver(service.regionId)
  if (action.do === 'launch') {
    // The process before this one has ended, and is forgotten before there is another.
    if (ref.restartCount > 0) await forgetEnded(driver, [{ ...ref, restartCount: ref.restartCount - 1 }])
    await faults.point('services.act.before-launch')
    await driver.ensure(launchOf(ctx, service, instance, ref))
    await faults.point('services.act.after-launch')
    return true
  }
  await faults.point('services.act.before-stop')
  await driver.stop(ref, { drainMs: action.drainMs, graceMs: action.graceMs })
  await faults.point('services.act.after-stop')
  return true
}

async function answers(
  ctx: ServicesCtx,
  { path, timeoutMs }: Launch['health'],
  { id, host, port }: { id: string; host: string; port: number },
): Promise<boolean> {
  const problem = await probe(host, port, path, timeoutMs)
  if (problem !== null) ctx.log.warn({ serviceInstance: id, problem }, 'ready by its driver, but not answering')
  return problem === null
}

/** Its present process. */
export const refOf = ({
  id,
  machineId,
  restartCount,
}: Pick<ServiceInstance, 'id' | 'machineId' | 'restartCount'>): RuntimeRef | null =>
  machineId === null ? null : { serviceInstanceId: id, restartCount, machineId }

function launchOf(ctx: ServicesCtx, service: WorldService, instance: ServiceInstance, ref: RuntimeRef): Launch {
  const spec = specOf(service, instance)
  const { registryAuthCipher: login } = service
  return {
    ...ref,
    serviceId: service.id,
    accountId: service.accountId,
    groupId: service.groupId,
    program: spec.program,
    env: spec.env,
    cpuMilli: spec.cpuMilli,
    memoryMiB: spec.memoryMib,
    gpuIndexes: instance.gpuIndexes,
    ...(spec.mounts === undefined ? {} : { mounts: spec.mounts }),
    health: spec.health,
    graceMs: spec.graceMs,
    ...(login !== null && spec.program.kind === 'image' ? { registryAuth: ctx.box.open(login) } : {}),
  }
}

/** After the end is written down; what is not forgotten now is no harm, its log has its retention. */
export async function forgetEnded(driver: RuntimeDriver, refs: readonly RuntimeRef[]): Promise<void> {
  await faults.point('services.act.before-forget')
  await Promise.allSettled(refs.map(ref => driver.forget(ref)))
}
