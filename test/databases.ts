// Databases of a server that tests have for themselves: made as copies of a migrated template.
import pg from 'pg'

/** One statement of who may make and drop databases. */
export async function administer(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** The same server, another database. */
export function withDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

export interface Copy {
  url: string
  /** Whoever still has it open. */
  drop(): Promise<void>
}

/** Of a template, or of any database that nobody has open. */
export async function copyDatabase(serverUrl: string, template: string, name: string): Promise<Copy> {
  await administer(serverUrl, `create database ${name} template ${template} strategy file_copy`)
  const drop = (): Promise<void> => administer(serverUrl, `drop database ${name} with (force)`)
  return { url: withDatabase(serverUrl, name), drop }
}
