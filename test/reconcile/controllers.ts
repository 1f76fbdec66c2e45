// Controllers on one database, each with a clock of its own that is moved by hand.
import { type Db, openDb } from '../../src/db/db.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { beatMs, Controller } from '../../src/reconcile/controller.ts'
import { Duties, type DutyName } from '../../src/reconcile/duties.ts'
import type { FreshDb } from '../postgres.ts'

export class ControllerUnderTest {
  readonly clock = new ManualClock('2026-03-01T00:00:00Z')
  readonly db: Db
  readonly ctx
  readonly controller: Controller
  readonly duties: Duties
  readonly changes: string[] = []
  gone = false

  constructor(fresh: FreshDb, others: readonly ControllerUnderTest[], pid: number, host = 'here') {
    const session = `berth test ${pid}`
    this.db = openDb({ ...fresh.config, application_name: session })
    const base = { db: this.db, clock: this.clock, random: systemRandom, log: silentLog }
    this.controller = new Controller(base, {
      ...{ process: { host, pid, processStart: '1' }, hostName: 'here', session, version: '1.0.0' },
      isGone: async other => others.some(one => one.gone && one.pid === other.pid),
    })
    this.ctx = { ...base, leases: this.controller }
    this.pid = pid
    this.duties = new Duties(this.ctx, this.controller, (name, held) => {
      this.changes.push(`${held === null ? 'lost' : 'took'} ${name}`)
    })
  }

  readonly pid: number

  /** One beat later by its own clock. */
  async beat(): Promise<void> {
    this.clock.advance({ milliseconds: beatMs })
    await this.controller.beat()
    await this.duties.seek()
  }

  holds(name: DutyName): boolean {
    return this.duties.held(name) !== null
  }
}
