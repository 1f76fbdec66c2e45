// The thread of money work: it does what it is asked, says what failed, and is started anew when it has ended.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MoneyWork } from '../../src/app/money-work.ts'
import { type FreshDb, freshDb } from '../postgres.ts'

let fresh: FreshDb
let work: MoneyWork
beforeAll(async () => {
  fresh = await freshDb()
  work = new MoneyWork({ databaseUrl: fresh.url, zone: 'Asia/Shanghai' })
})
afterAll(async () => {
  await work.close()
  await fresh.close()
})

test('each task answers with its report, also several at once', async () => {
  const idle = { found: 0, changed: 0 }
  const [billing, corrections, statements, auditor] = await Promise.all([
    work.run('billing'),
    work.run('corrections'),
    work.run('statements'),
    work.run('auditor'),
  ])
  expect([billing, corrections, statements]).toEqual([idle, idle, idle])
  expect(auditor.found).toBeGreaterThan(0)
})

test('what fails in it is told to who asked, and it goes on; closed, it is started anew', async () => {
  await fresh.db.schema.alterTable('billing_progress').renameTo('elsewhere').execute()
  await expect(work.run('corrections')).rejects.toThrow('billing_progress')
  await fresh.db.schema.alterTable('elsewhere').renameTo('billing_progress').execute()
  expect(await work.run('corrections')).toEqual({ found: 0, changed: 0 })
  await work.close()
  expect(await work.run('billing')).toEqual({ found: 0, changed: 0 })
})
