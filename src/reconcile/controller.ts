// One process among those that run the loops. It says that it lives by counting up its beat; and it watches the others: one that
// is silent over some beats of ours, or whose process is gone from this host, is ended, and what it had is free at once. No two
// clocks are compared: beats are counted, and for how long we were silent ourselves our own clock tells.
import type { Ctx, LeaseOwner } from '../db/ctx.ts'
import { type Db, transaction } from '../db/db.ts'
import { messageOf } from '../lib/errors.ts'
import { newId, randomText } from '../lib/id.ts'
import {
  addRefusedWrites,
  type ControllerProcess,
  type ControllerRow,
  type ControllerView,
  endSessions,
  forgetControllers,
  freeDuties,
  freeLeases,
  insertController,
  markEnded,
  selectControllers,
  selectOthers,
  writeBeat,
} from './controller.store.ts'
import { idle, type Report } from './loop.ts'

export type { ControllerView }

export interface ControllerOptions {
  process: ControllerProcess
  /** Of the machine or the pod: what people find it by. */
  hostName: string
  /** The application_name of this process's connections. */
  session: string
  version: string
  /** Whether it is known that a process runs no more: of another host it is not. */
  isGone(process: ControllerProcess): Promise<boolean>
}

export const beatMs = 2_000
/** Two beats that come closer than this count as one: a loop may be nudged. */
const closestMs = beatMs - 200
/** Beats of ours during which another was silent until it is ended. */
const silentBeatsMax = 5
/** Silent for longer than this, we may have been ended: nothing is begun on behalf of a duty until we know. */
const trustedMs = (silentBeatsMax - 1) * beatMs
const forgottenAfter = { hours: 24 } as const

export class Controller implements LeaseOwner {
  readonly #ctx: Ctx
  readonly #options: ControllerOptions
  #id: string
  #joined = false
  #beatAtMs = Number.NEGATIVE_INFINITY
  /** The beat of each other, and over how many of ours it was the same. */
  #seen = new Map<string, { beat: bigint; silent: number }>()
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #refused = 0
  /** Of those refused: not yet in the book. */
  #unwritten = 0
  /** Rows of runs of this id that found their lease gone: refused, if it turns out that we were ended. */
  #lost = 0
  /** Leases of runs that failed. */
  readonly #abandoned = new Set<string>()

  constructor(ctx: Ctx, options: ControllerOptions) {
    this.#ctx = ctx
    this.#options = options
    this.#id = newId(ctx.random, 'ctl')
  }

  /** Another one after it was ended by others. */
  get id(): string {
    return this.#id
  }

  /** Writes refused because another had taken over, since this process began. */
  get refusedWrites(): number {
    return this.#refused
  }

  /** Whether the others still count on us, as far as our own clock can tell. */
  isTrusted(): boolean {
    return this.#ctx.clock.sinceBootMs() - this.#beatAtMs < trustedMs
  }

  /** To run every `beatMs`. */
  async beat(): Promise<Report> {
    const { db, clock } = this.#ctx
    const beganMs = clock.sinceBootMs()
    if (clock.monotonicMs() - this.#lookedAtMs < closestMs) return idle
    this.#lookedAtMs = clock.monotonicMs()
    if (!this.#joined || !(await writeBeat(db, clock.now(), this.#id))) await this.#join()
    this.#beatAtMs = beganMs
    await this.#tellRefused()
    await this.#freeAbandoned()
    const others = await selectOthers(db, this.#id)
    const seen = new Map<string, { beat: bigint; silent: number }>()
    for (const other of others) {
      const before = this.#seen.get(other.id)
      const silent = before?.beat === other.beat ? before.silent + 1 : 0
      seen.set(other.id, { beat: other.beat, silent })
      if (await this.#options.isGone(other)) await this.#end(other, 'gone')
      else if (silent >= silentBeatsMax) await this.#end(other, 'silent')
    }
    this.#seen = seen
    return { found: others.length, changed: 0 }
  }

  newLeaseId(): string {
    return `${this.#id}/${randomText(this.#ctx.random, 20)}`
  }

  lostRows(leaseId: string, count: number): void {
    // Of a run from before we were ended; else it may have been a person's change, or the beat will tell.
    if (!leaseId.startsWith(`${this.#id}/`)) this.refused(count)
    else this.#lost += count
  }

  abandon(leaseId: string): void {
    this.#abandoned.add(leaseId)
  }

  /** Counts writes that were refused. */
  refused(count: number): void {
    this.#refused += count
    this.#unwritten += count
    this.#ctx.log.warn({ controller: this.#id, count }, 'writes were refused: another controller has taken over')
  }

  /** Gives up everything, so that others need not wait. */
  async leave(): Promise<void> {
    if (!this.#joined) return
    await this.#tellRefused()
    await this.#free({ id: this.#id, beat: 0n, session: null }, 'stopped')
    this.#joined = false
    this.#beatAtMs = Number.NEGATIVE_INFINITY
  }

  async #join(): Promise<void> {
    const { db, clock, random, log } = this.#ctx
    const { process, hostName, session, version } = this.#options
    if (this.#joined) {
      const before = this.#id
      this.#id = newId(random, 'ctl')
      log.warn(
        { before, now: this.#id },
        'this controller was silent for too long and was ended by others; it begins anew',
      )
      if (this.#lost > 0) this.refused(this.#lost)
    }
    await forgetControllers(db, clock.now().subtract(forgottenAfter))
    await insertController(db, clock.now(), { id: this.#id, ...process, hostName, session, version })
    this.#joined = true
  }

  async #tellRefused(): Promise<void> {
    this.#lost = 0
    const count = this.#unwritten
    if (count === 0) return
    await addRefusedWrites(this.#ctx.db, this.#id, count)
    this.#unwritten -= count
  }

  /** Of a run that failed, with the database perhaps: nobody need wait for its leases to run out. */
  async #freeAbandoned(): Promise<void> {
    for (const leaseId of [...this.#abandoned]) {
      await transaction(this.#ctx, tx => freeLeases(tx, leaseId))
      this.#abandoned.delete(leaseId)
    }
  }

  async #end(other: ControllerRow, because: 'silent' | 'gone'): Promise<void> {
    if (!(await this.#free(other, because))) return
    this.#ctx.log.warn({ controller: other.id, because }, 'a controller has ended: its leases and duties are free')
  }

  #free(
    controller: Pick<ControllerRow, 'id' | 'beat'> & { session: string | null },
    because: 'stopped' | 'silent' | 'gone',
  ): Promise<boolean> {
    const { id, session } = controller
    return transaction(this.#ctx, async tx => {
      if (!(await markEnded(tx, this.#ctx.clock.now(), controller, because))) return false
      // It may hold locks that freeing would wait for.
      if (session !== null) await this.#endSessions(id, session)
      await freeDuties(tx, id)
      await freeLeases(tx, `${id}/`)
      return true
    })
  }

  async #endSessions(controller: string, session: string): Promise<void> {
    const { db, log } = this.#ctx
    try {
      await endSessions(db, session)
    } catch (error) {
      log.warn({ controller, error: messageOf(error) }, 'the connections of a controller could not be ended')
    }
  }
}

/** Those that live, and those that ended lately; the newest first. */
export const listControllers = (db: Db): Promise<ControllerView[]> => selectControllers(db)
