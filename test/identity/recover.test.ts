// A way in by way of the database, where the first access keys are not to be had.
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { createUser, disableUser } from '../../src/identity/accounts.ts'
import { recoverAccess } from '../../src/identity/recover.ts'
import { verifySigned } from '../../src/identity/verify-request.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { sealingKey } from '../../src/processes/secret-key.ts'
import { makeBench, ownRequest } from './signed.ts'

const platform = { account: 'platform', user: 'operator' }

test('who has the database makes another key for the operator, and its history says how', async () => {
  const { fresh, ctx, box, keys } = await makeBench(new ManualClock('2026-11-23T00:00:00Z'))
  onTestFinished(fresh.close)
  const key = await recoverAccess(ctx, box, platform)
  for (const one of [key, keys.operator])
    expect(await verifySigned(ctx, box, ownRequest(one, ctx.clock.now()))).toMatchObject({
      userName: 'operator',
      role: 'operator',
    })
  const made = await fresh.db.selectFrom('events').select(['actor', 'kind']).orderBy('id', 'desc').executeTakeFirst()
  expect(made).toEqual({ actor: 'system:recover', kind: 'access_key.created' })
})

test('a key is made for nobody who is not there or may not come in', async () => {
  const { fresh, ctx, box, keys } = await makeBench(new ManualClock('2026-11-23T00:00:00Z'))
  onTestFinished(fresh.close)
  await expect(recoverAccess(ctx, box, { account: 'nowhere', user: 'operator' })).rejects.toMatchObject({
    code: 'AccountNotFound',
  })
  await expect(recoverAccess(ctx, box, { account: 'default', user: 'operator' })).rejects.toMatchObject({
    code: 'UserNotFound',
  })
  const actor = { accountId: keys.owner.accountId, name: 'test' }
  const { userId } = await createUser(ctx, actor, { name: 'ana', role: 'developer' })
  await disableUser(ctx, actor, userId)
  await expect(recoverAccess(ctx, box, { account: 'default', user: 'ana' })).rejects.toMatchObject({
    code: 'UserDisabled',
  })
})

test('the key that seals secrets is that of the environment where roles run apart: they have no file', () => {
  const { roles } = loadConfig({ env: { BERTH_HOME: '/nowhere', BERTH_SECRET_KEY: 'ab'.repeat(32) } })
  expect(sealingKey({ roles, dataDir: '/nowhere' })).toEqual(Buffer.alloc(32, 0xab))
})
