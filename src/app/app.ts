// The composition root of control, which is two roles that run together or apart: `api` answers requests, `controller` runs the
// loops. This and the files app-*.ts beside it are the only ones that know every module, with engine-drivers.ts for the drivers.
import type { FastifyInstance } from 'fastify'
import { Notifier } from '../db/notifier.ts'
import type { Loop } from '../reconcile/loop.ts'
import { type ApiRole, openApi, writeCredentials } from './api-role.ts'
import { type ControllerRole, openController } from './controller-role.ts'
import { DriverWatches } from './driver-watches.ts'
import { type Context, type Nudge, openShared, type RoleOptions, type Shared } from './shared.ts'

export interface ControlOptions extends RoleOptions {
  /** False: no billing, statements or audit by themselves, for who measures them. */
  moneyWork?: boolean
}

export interface Control {
  ctx: Context
  app: FastifyInstance
  loops: Loop[]
  apiUrl: string
  reloadTls(): object
  close(): Promise<void>
}

/** Both roles in one process: what `berth up` starts. */
export async function startControl({ moneyWork = true, ...options }: ControlOptions): Promise<Control> {
  const { nudge, start, stop } = new LoopSet()
  const watches = new DriverWatches(options.log, nudge)
  const shared = await openShared(options, { role: 'control', nudge, takes: watches.takes })
  const controller = await orClose(shared, openController(shared, { nudge, watches, moneyWork }))
  const others = new Notifier(shared.ctx.db, options.log)
  const nudgeAll: Nudge = (...names) => {
    nudge(...names)
    // What is another controller's duty is asked of it.
    if (!controller.duties.hasAll()) others.notify()
  }
  const api = await orClose(
    shared,
    openApi(shared, nudgeAll, () => nudge('events')),
  )
  const loops = [...controller.loops, ...api.loops]
  start(loops)
  controller.start()
  const close = async () => {
    controller.stop()
    await api.close()
    await stop()
    await controller.close()
    await shared.close()
  }
  return { ctx: shared.ctx, app: api.app, loops, apiUrl: api.apiUrl, reloadTls: api.reloadTls, close }
}

export type Api = Pick<ApiRole, 'apiUrl' | 'reloadTls' | 'leave' | 'close'>

export async function startApi(options: RoleOptions): Promise<Api> {
  const { nudge, start, stop } = new LoopSet()
  const holder: { notifier: Notifier | null } = { notifier: null }
  const shared = await openShared(options, { role: 'api', nudge: () => holder.notifier?.notify() })
  const notifier = new Notifier(shared.ctx.db, options.log)
  holder.notifier = notifier
  const tell: Nudge = () => notifier.notify()
  const api = await orClose(
    shared,
    openApi(shared, tell, () => nudge('events')),
  )
  start(api.loops)
  const close = async () => {
    await api.close()
    await stop()
    await shared.close()
  }
  const { apiUrl, reloadTls, leave } = api
  return { apiUrl, reloadTls, leave, close }
}

export async function startControllerRole(options: RoleOptions): Promise<Pick<ControllerRole, 'close'>> {
  const { nudge, start, stop } = new LoopSet()
  const watches = new DriverWatches(options.log, nudge)
  const shared = await openShared(options, { role: 'controller', nudge, takes: watches.takes })
  const controller = await orClose(shared, openController(shared, { nudge, watches, moneyWork: true }))
  const { config, keys } = shared
  // It was here first: the secrets of the first start are shown by nobody else.
  if (keys) writeCredentials(config.dataDir, `http://${config.listen.api.host}:${config.listen.api.port}`, keys)
  start(controller.loops)
  controller.start()
  const close = async () => {
    controller.stop()
    await stop()
    await controller.close()
    await shared.close()
  }
  return { close }
}

/** The loops of this process, which may be nudged before they are all there. */
class LoopSet {
  readonly #loops = new Map<string, Loop>()

  nudge: Nudge = (...names) => {
    for (const [name, loop] of this.#loops) if (names.length === 0 || names.includes(name)) loop.nudge()
  }

  start = (loops: readonly Loop[]): void => {
    for (const loop of loops) this.#loops.set(loop.name, loop)
    for (const loop of loops) loop.start()
  }

  stop = async (): Promise<void> => {
    for (const loop of this.#loops.values()) await loop.stop()
  }
}

async function orClose<T>(shared: Shared, opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    await shared.close()
    throw error
  }
}
