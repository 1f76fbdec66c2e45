// The way to the database: a typed pool, transactions that are repeated when PostgreSQL asks for it, advisory locks.
// Columns are snake_case in SQL and camelCase in TypeScript; keys inside jsonb are left as they are.
import { setTimeout as delay } from 'node:timers/promises'
import { CamelCasePlugin, Kysely, PostgresDialect, type RawBuilder, sql, type Transaction } from 'kysely'
import pg from 'pg'
import type { Logger } from '../lib/log.ts'
import { type Random, randomInt } from '../lib/random.ts'
import type { Fence } from './fence.ts'
import type { DB } from './schema.ts'
import { toWire, wireTypes } from './wire.ts'

export type Db = Kysely<DB>
/** A transaction is a `Db` too: a store takes `Db` and works in both. */
export type Tx = Transaction<DB>

export type DbConfig = pg.PoolConfig

/** Opens a pool; `db.destroy()` closes it. Nothing connects before the first query. */
export function openDb(config: DbConfig, log?: Logger): Db {
  const pool = new pg.Pool({
    max: 20,
    application_name: 'berth',
    connectionTimeoutMillis: 10_000,
    ...config,
    types: wireTypes,
  })
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', error => log?.warn({ error: error.message }, 'lost an idle database connection'))
  return new Kysely<DB>({
    dialect: new PostgresDialect({ pool: wirePool(pool) }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  })
}

type KyselyPool = Exclude<ConstructorParameters<typeof PostgresDialect>[0]['pool'], (...args: never) => unknown>
type KyselyClient = Awaited<ReturnType<KyselyPool['connect']>>

/** The same pool, with every parameter passed through `toWire`. One wrapper per connection, as Kysely keys by identity. */
function wirePool(pool: pg.Pool): KyselyPool {
  const wrapped = new WeakMap<pg.PoolClient, KyselyClient>()
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect()
      const known = wrapped.get(client) ?? wireClient(client)
      wrapped.set(client, known)
      return known
    },
  }
}

function wireClient(client: pg.PoolClient): KyselyClient {
  // While it is taken the pool does not listen: one that breaks between two queries of a transaction would end the process. The
  // next query says so.
  client.on('error', () => {})
  return Object.create(client, {
    query: { value: (text: string, values: readonly unknown[] = []) => client.query(text, values.map(toWire)) },
    release: { value: (destroy?: boolean) => client.release(destroy) },
  }) as KyselyClient
}

/** A value for a jsonb column. Plain objects need no help; arrays and strings do, since pg would send them as such. */
export const jsonb = <T>(value: T): RawBuilder<T> => sql<T>`${JSON.stringify(value)}::jsonb`

const retryable = new Set(['40001', '40P01']) // serialization failure, deadlock
const maxAttempts = 8

export interface TransactionOptions {
  isolation?: 'read committed' | 'repeatable read' | 'serializable'
  readOnly?: boolean
}

/**
 * Runs `fn` in one transaction, and all of it again when PostgreSQL gives up on it for the sake of others: `fn` must have
 * no effect outside the database. Inside a transaction it joins that one, whose owner repeats, and has checked the fence.
 */
export async function transaction<T>(
  ctx: { db: Db; random: Random; fence?: Fence },
  fn: (tx: Tx) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  if (isTx(ctx.db)) return fn(ctx.db)
  for (let attempt = 1; ; attempt++) {
    try {
      let begin = ctx.db.transaction()
      if (options.isolation) begin = begin.setIsolationLevel(options.isolation)
      if (options.readOnly) begin = begin.setAccessMode('read only')
      return await begin.execute(async tx => {
        await ctx.fence?.check(tx)
        return fn(tx)
      })
    } catch (error) {
      if (attempt >= maxAttempts || !retryable.has(sqlState(error) ?? '')) throw error
      // Full jitter: 0…4 ms, then double, at most 0…250 ms.
      await delay(randomInt(ctx.random, Math.min(250, 4 * 2 ** (attempt - 1)) + 1))
    }
  }
}

/** A write of one statement: in a transaction only where a fence is to be checked with it. */
export const fencedWrite = <T>(
  ctx: { db: Db; random: Random; fence?: Fence },
  fn: (db: Db) => Promise<T>,
): Promise<T> => (ctx.fence === undefined ? fn(ctx.db) : transaction(ctx, fn))

/** What `fn` reads is of one moment. Inside a transaction it joins that one. */
export async function inSnapshot<T>(db: Db, fn: (tx: Tx) => Promise<T>): Promise<T> {
  if (isTx(db)) return fn(db)
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(fn)
}

const isTx = (db: Db): db is Tx => db.isTransaction

/** PostgreSQL's five-character code of an error (`23505` is a unique violation), or null. */
export function sqlState(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.length === 5
    ? error.code
    : null
}

// Connection, resources, an operator's hand, the system, and what is to be tried again: nothing that a row could be blamed for.
const awayClasses = new Set(['08', '53', '55', '57', '58', 'XX', '40'])

/** True when a query failed because the database is not there, or has no time. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code)) return true
  const state = sqlState(error)
  if (state !== null) return awayClasses.has(state.slice(0, 2))
  return /connection (?:terminated|error)|not queryable|trying to connect|timeout expired/i.test(error.message)
}

/** True when `error` says that this unique constraint (or any) already has the row. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (sqlState(error) !== '23505') return false
  return (
    constraint === undefined || (error instanceof Error && 'constraint' in error && error.constraint === constraint)
  )
}

const lockKey = (name: string): RawBuilder<unknown> => sql`hashtextextended(${name}, 0)`

/** Waits for the lock of this name and holds it while `fn` runs, on one connection of its own. */
export async function withAdvisoryLock<T>(db: Db, name: string, fn: (db: Db) => Promise<T>): Promise<T> {
  return db.connection().execute(async connection => {
    await sql`select pg_advisory_lock(${lockKey(name)})`.execute(connection)
    try {
      return await fn(connection)
    } finally {
      await sql`select pg_advisory_unlock(${lockKey(name)})`.execute(connection)
    }
  })
}

/** The lock of this name until the transaction ends. */
export async function lockInTransaction(tx: Tx, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${lockKey(name)})`.execute(tx)
}
