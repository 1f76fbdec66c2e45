// The thread of heavy money work: closing billing days, corrections, statements, the auditor. It has a few connections of its
// own, so that neither the event loop of the API nor its pool waits for a hundred thousand bill lines.
import { parentPort, workerData } from 'node:worker_threads'
import { correctBills } from '../billing/correct-bills.ts'
import { billDays } from '../billing/reconcile-billing.ts'
import { finaliseStatements } from '../billing/reconcile-statements.ts'
import type { Ctx } from '../db/ctx.ts'
import { openDb } from '../db/db.ts'
import { FencedError } from '../db/fence.ts'
import { audit } from '../insight/auditor.ts'
import { systemClock } from '../lib/clock.ts'
import { createLog } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import { DutyFence } from '../reconcile/duties.ts'
import type { MoneyAnswer, MoneyRequest, MoneyThreadOptions } from './money-work.ts'

const { databaseUrl, zone, session } = workerData as MoneyThreadOptions
const log = createLog('money')
const ctx = {
  db: openDb({ connectionString: databaseUrl, max: 4, ...(session && { application_name: session }) }, log),
  clock: systemClock,
  random: systemRandom,
  log,
}

const tasks = {
  billing: (ctx: Ctx) => billDays(ctx, { zone }),
  corrections: (ctx: Ctx) => correctBills(ctx, { zone }),
  statements: (ctx: Ctx) => finaliseStatements(ctx, { zone }),
  auditor: (ctx: Ctx) => audit(ctx),
}

const answer = (message: MoneyAnswer): void => parentPort?.postMessage(message)

parentPort?.on('message', async (request: MoneyRequest) => {
  if (request === 'close') {
    await ctx.db.destroy()
    parentPort?.close()
    return
  }
  const { id, task, duty } = request
  try {
    answer({ id, report: await tasks[task](duty === undefined ? ctx : { ...ctx, fence: new DutyFence(duty) }) })
  } catch (error) {
    if (error instanceof FencedError) answer({ id, fenced: true })
    else answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
