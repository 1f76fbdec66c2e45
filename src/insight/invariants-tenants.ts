// I20: no row of one account refers to a row of another. Asked of the schema itself, so that a new table is covered from its
// first day: every column that is named after a tenant's row, in every table that has an account.
import { sql } from 'kysely'
import type { Db } from '../db/db.ts'
import { byQuery, type Invariant } from './invariant-check.ts'

const targets: Readonly<Record<string, string>> = {
  machine_id: 'machines',
  to_machine_id: 'machines',
  order_id: 'orders',
  parent_order_id: 'orders',
  quote_id: 'quotes',
  group_id: 'resource_groups',
  service_id: 'services',
  service_instance_id: 'service_instances',
  replaces_id: 'service_instances',
  replacement_id: 'service_instances',
  drain_id: 'drains',
  workspace_id: 'workspaces',
  user_id: 'users',
}

interface Reference {
  tableName: string
  columnName: string
}

/** Every such column that the schema has. */
async function references(db: Db): Promise<Reference[]> {
  const { rows } = await sql<Reference>`
    select c.table_name, c.column_name from information_schema.columns c
    join information_schema.columns a using (table_schema, table_name)
    where c.table_schema = current_schema() and a.column_name = 'account_id'
      and c.column_name = any(${Object.keys(targets)}::text[]) order by 1, 2`.execute(db)
  return rows
}

const rowsOfOneAccount: Invariant = {
  name: 'I20 a row refers to rows of its own account',
  violations: async db => {
    const broken: string[] = []
    for (const { tableName, columnName } of await references(db)) {
      const target = targets[columnName] ?? ''
      const { rows } = await sql<{ ref: string; own: string; other: string }>`
        select r.${sql.ref(columnName)} as ref, r.account_id as own, t.account_id as other
        from ${sql.table(tableName)} r join ${sql.table(target)} t on t.id = r.${sql.ref(columnName)}
        where t.account_id is distinct from r.account_id limit 3`.execute(db)
      for (const { ref, own, other } of rows) {
        broken.push(`${tableName}.${columnName} ${ref} is of account ${other}, the row of ${own}`)
      }
    }
    return broken
  },
}

const transfersOfOneAccount = byQuery(
  'I20 a transfer stays within one account and the platform',
  sql`
    select format('transfer %s goes from %s to %s', t.id, f.account_id, g.account_id) as detail
    from transfers t join ledger_accounts f on f.id = t.from_ledger_account_id
    join ledger_accounts g on g.id = t.to_ledger_account_id left join orders o on o.id = t.order_id
    where f.account_id <> g.account_id or coalesce(f.account_id, g.account_id) <> o.account_id`,
)

export const tenantInvariants: readonly Invariant[] = [rowsOfOneAccount, transfersOfOneAccount]
