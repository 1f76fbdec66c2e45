// Whether a pooler stands between us and PostgreSQL (PgBouncer and its like), and what then works. A pooler tells its own number
// for a connection where PostgreSQL tells the backend's. Where it gives a connection to each transaction, what outlives one does
// not work: LISTEN, and the lock under which migrations run. Those need a way to PostgreSQL itself.
import pg from 'pg'
import { Refusal } from '../lib/errors.ts'
import { randomText } from '../lib/id.ts'
import { systemRandom } from '../lib/random.ts'
import type { DatabaseRefusal } from './database-refusal.ts'

const heardWithinMs = 2_000

/** Refuses a pooler by transaction without a direct way; answers the way for migrations and LISTEN. */
export async function directUrl(databaseUrl: string, given: string | null): Promise<string> {
  if (given === null && !(await isPooled(databaseUrl))) return databaseUrl
  const way = given ?? databaseUrl
  if (await hears(way, databaseUrl)) return way
  const field = given === null ? 'DATABASE_URL' : 'DATABASE_DIRECT_URL'
  throw new Refusal<DatabaseRefusal>(
    'DatabasePooled',
    `${field} leads through a pooler that gives a connection to each transaction (PgBouncer's pool_mode = transaction), where LISTEN and the lock of migrations do not work: ` +
      'set DATABASE_DIRECT_URL to PostgreSQL itself, or to a pooler by session; everything else may go on through this one',
    { field },
  )
}

type WithProcessId = pg.Client & { processID: number | null }

export async function isPooled(url: string): Promise<boolean> {
  return connected(url, async client => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    return rows[0]?.pid !== (client as WithProcessId).processID
  })
}

/** Whether what is notified through `from` is heard through `url`. */
async function hears(url: string, from: string): Promise<boolean> {
  const channel = `berth_probe_${randomText(systemRandom, 20)}`
  return connected(url, async listener => {
    const heard = new Promise<true>(resolve => listener.once('notification', () => resolve(true)))
    await listener.query(`listen ${channel}`)
    await connected(from, client => client.query('select pg_notify($1, $2)', [channel, '']))
    let timer: NodeJS.Timeout | undefined
    const silence = new Promise<false>(resolve => {
      timer = setTimeout(() => resolve(false), heardWithinMs)
    })
    const isHeard = await Promise.race([heard, silence])
    clearTimeout(timer)
    return isHeard
  })
}

async function connected<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString, application_name: 'berth-probe' })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}
