import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { checkServer, serverProblem } from '../../src/db/check-server.ts'
import { type DbConfig, openDb } from '../../src/db/db.ts'

const dir = mkdtempSync(join(tmpdir(), 'berth-no-server-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function check(config: DbConfig): Promise<void> {
  const db = openDb(config)
  try {
    await checkServer(db)
  } finally {
    await db.destroy()
  }
}

describe('a server of somebody else’s', () => {
  it('passes when it is new enough and keeps UTF-8', async () => {
    await check({ connectionString: inject('postgres').url })
  })

  it.each([
    [150_008, 'UTF8', 'PostgreSQL 15'],
    [90_624, 'UTF8', 'PostgreSQL 9'],
    [180_004, 'SQL_ASCII', 'SQL_ASCII'],
  ])('%i with %s is refused', (version, encoding, said) => {
    expect(serverProblem(version, encoding)).toContain(said)
  })

  it('is refused with the way out when nothing listens', async () => {
    await expect(check({ host: dir, user: 'x', password: 'very secret' })).rejects.toMatchObject({
      code: 'DatabaseUnreachable',
      message: expect.stringMatching(/^(?!.*very secret).*can't be reached.*DATABASE_URL/),
    })
    await expect(check({ connectionString: 'postgres://x:very-secret@localhost:1/x' })).rejects.toMatchObject({
      code: 'DatabaseUnreachable',
      message: expect.stringMatching(/^(?!.*very-secret).*ECONNREFUSED.*DATABASE_URL/),
    })
  })

  it('is refused in the server’s own words when it does not let us in', async () => {
    const url = new URL(inject('postgres').url)
    url.pathname = '/no_such_database'
    await expect(check({ connectionString: url.href })).rejects.toMatchObject({
      code: 'DatabaseUnreachable',
      message: expect.stringContaining('refuses: database "no_such_database" does not exist'),
    })
  })
})
