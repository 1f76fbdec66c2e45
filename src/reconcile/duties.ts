// What one controller does for all: it takes a duty that nobody has, under a fencing token that grows with each change of hands,
// and has it until it leaves or is ended. Whatever writes on behalf of a duty does so in transactions that check the token, so one
// that was taken over while it was stopped writes nothing any more, whatever it believes.
import type { Ctx } from '../db/ctx.ts'
import type { Tx } from '../db/db.ts'
import { type Fence, FencedError } from '../db/fence.ts'
import { lockDuty, selectDuties, takeDuty } from './controller.store.ts'
import type { Controller } from './controller.ts'
import { idle, type Report } from './loop.ts'

/**
 * routes: routes to gateways, and what is known from them alone (measurements, autoscaling). money: billing, the ledger's chain,
 * statements, expiry, renewal, arrears, the auditor. notices: mails and webhooks. upkeep: whatever else is looked through whole.
 */
export const dutyNames = ['money', 'notices', 'routes', 'upkeep'] as const
export type DutyName = (typeof dutyNames)[number]

/** What is had of a duty: as much as another process or thread needs to act on its behalf. */
export interface HeldDuty {
  name: DutyName
  fencingToken: bigint
}

export class DutyFence implements Fence {
  readonly duty: HeldDuty

  constructor(duty: HeldDuty) {
    this.duty = duty
  }

  async check(tx: Tx): Promise<void> {
    const { name, fencingToken } = this.duty
    if (!(await lockDuty(tx, name, fencingToken))) throw new FencedError(name, fencingToken)
  }
}

export class Duties {
  readonly #ctx: Ctx
  readonly #controller: Controller
  readonly #held = new Map<DutyName, bigint>()
  readonly #onChange: (name: DutyName, held: HeldDuty | null) => void

  /** `onChange`: a duty was taken (again), or lost. */
  constructor(ctx: Ctx, controller: Controller, onChange: (name: DutyName, held: HeldDuty | null) => void = () => {}) {
    this.#ctx = ctx
    this.#controller = controller
    this.#onChange = onChange
  }

  /** What we have now, as far as we can tell; null: another has it, or we cannot tell. */
  held(name: DutyName): HeldDuty | null {
    const fencingToken = this.#held.get(name)
    return fencingToken !== undefined && this.#controller.isTrusted() ? { name, fencingToken } : null
  }

  hasAll(): boolean {
    return dutyNames.every(name => this.held(name) !== null)
  }

  /** Looks who has what, and takes what nobody has; to run every second. */
  async seek(): Promise<Report> {
    if (!this.#controller.isTrusted()) return idle
    const { db, clock } = this.#ctx
    const rows = await selectDuties(db)
    let changed = 0
    for (const name of dutyNames) {
      const row = rows.find(one => one.name === name)
      if (!row) continue
      const own = row.controllerId === this.#controller.id && this.#held.get(name) === row.fencingToken
      if (!own && this.#held.has(name)) this.#lose(name)
      if (row.controllerId !== null) continue
      const fencingToken = await takeDuty(db, clock.now(), name, this.#controller.id)
      if (fencingToken === null) continue
      this.#held.set(name, fencingToken)
      this.#ctx.log.info({ duty: name, fencingToken: fencingToken.toString() }, 'took a duty')
      this.#onChange(name, { name, fencingToken })
      changed++
    }
    return { found: rows.length, changed }
  }

  /** `run` on behalf of a duty: idle while another has it, and once it turns out that another has it. */
  onDuty<C extends Ctx>(
    name: DutyName,
    ctx: C,
    run: (ctx: C, duty: HeldDuty) => Promise<Report>,
  ): () => Promise<Report> {
    return async () => {
      const duty = this.held(name)
      if (duty === null) return idle
      try {
        return await run({ ...ctx, fence: new DutyFence(duty) }, duty)
      } catch (error) {
        if (!(error instanceof FencedError)) throw error
        this.refused(duty)
        return idle
      }
    }
  }

  /** A write on behalf of a duty was refused: it is another's. */
  refused({ name, fencingToken }: HeldDuty): void {
    this.#controller.refused(1)
    if (this.#held.get(name) === fencingToken) this.#lose(name)
  }

  #lose(name: DutyName): void {
    this.#held.delete(name)
    this.#ctx.log.warn({ duty: name }, 'lost a duty: another controller has it')
    this.#onChange(name, null)
  }
}
