// A database full of services: the rows are made by SQL, as one account's that run in one group.
import { sql } from 'kysely'
import type { Ctx } from '../../src/db/ctx.ts'
import type { Tx } from '../../src/db/db.ts'
import type { SecretBox } from '../../src/identity/secret-box.ts'
import { parseServiceConfig } from '../../src/services/config/service-config.ts'
import { bumpRoutes } from '../../src/services/routes/routes.store.ts'
import { accessKey } from './processes.ts'

export interface Fill {
  services: number
  /** Of each service. */
  instances: number
  /** Of all instances: one server stands for all. */
  port: number
}

export const serviceIdOf = (n: number): string => `eas-m-${n}`
/** The first one is called as the load of the other benchmarks calls it. */
export const serviceNameOf = (n: number): string => (n === 1 ? 'bench' : `bench_${n}`)

export async function fill({ db, clock }: Ctx, box: SecretBox, { services, instances, port }: Fill): Promise<void> {
  const now = clock.now()
  const { spec, source } = parseServiceConfig({
    metadata: { name: 'bench', instance: instances, cpu: 1, memory: 100, resource: 'eas-r-1' },
    containers: [{ command: 'serve' }],
  })
  const config = JSON.stringify({ spec, source })
  await sql`insert into accounts (id, name, created_at) values ('acc-1', 'bench', ${now}::timestamptz)`.execute(db)
  await sql`insert into workspaces (id, account_id, name, created_at)
    values ('ws-1', 'acc-1', 'bench', ${now}::timestamptz)`.execute(db)
  await sql`insert into regions (id, name, engine) values ('sim', 'Simulated', 'simulated')`.execute(db)
  await sql`insert into resource_groups (id, account_id, region_id, name, name_key, kind, created_at, updated_at)
    values ('eas-r-1', 'acc-1', 'sim', 'bench', 'bench', 'postpaid', ${now}::timestamptz, ${now}::timestamptz)`.execute(
    db,
  )
  await sql`
    insert into services (id, account_id, workspace_id, group_id, region_id, name, desired, replicas, version,
      route_generation, actor, created_at, updated_at)
    select 'eas-m-' || n, 'acc-1', 'ws-1', 'eas-r-1', 'sim', case when n = 1 then 'bench' else 'bench_' || n end, 'running',
      ${instances}::int, 1, 1, 'bench', ${now}::timestamptz, ${now}::timestamptz
    from generate_series(1, ${services}::int) n`.execute(db)
  await sql`
    insert into service_versions (service_id, version, config, actor, created_at)
    select 'eas-m-' || n, 1, ${config}::jsonb, 'bench', ${now}::timestamptz
    from generate_series(1, ${services}::int) n`.execute(db)
  await sql`
    insert into service_instances (id, account_id, service_id, version, phase, ready, host, port, routed_at_generation,
      created_at, started_at, ready_at)
    select 'eas-m-' || n || '-i' || i, 'acc-1', 'eas-m-' || n, 1, 'ready', true, '127.0.0.1', ${port}::int, 1,
      ${now}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
    from generate_series(1, ${services}::int) n, generate_series(1, ${instances}::int) i`.execute(db)
  await sql`
    insert into service_keys (id, account_id, service_id, cipher, actor, created_at)
    select 'eas-k-' || n, 'acc-1', 'eas-m-' || n, ${box.seal(accessKey)}::bytea, 'bench', ${now}::timestamptz
    from generate_series(1, ${services}::int) n`.execute(db)
  await sql`update route_state set generation = 1`.execute(db)
  await sql`analyze`.execute(db)
}

/** An instance leaves the routes, or comes back, as a rollout has it. */
export async function toggle(tx: Tx, serviceId: string): Promise<bigint> {
  const generation = await bumpRoutes(tx)
  await sql`update service_instances set ready = not ready where id = ${`${serviceId}-i1`}`.execute(tx)
  await sql`update services set route_generation = ${generation} where id = ${serviceId}`.execute(tx)
  return generation
}
