import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { actorOf, type Principal } from '../../src/identity/access.ts'
import { createAccessKey, listAccessKeys, revokeAccessKey, rotateAccessKey } from '../../src/identity/access-keys.ts'
import { createUser, listAccounts, listUsers, listWorkspaces } from '../../src/identity/accounts.ts'
import { firstStart } from '../../src/identity/bootstrap.ts'
import { openAccount } from '../../src/identity/open-account.ts'
import { SecretBox } from '../../src/identity/secret-box.ts'
import { purgeNonces, type SignedRequest, verifySigned } from '../../src/identity/verify-request.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { type Bench, makeBench, ownRequest } from './signed.ts'

let bench: Bench<ManualClock>
beforeAll(async () => {
  bench = await makeBench(new ManualClock('2026-11-23T00:00:00Z'), 30)
})
afterAll(() => bench.fresh.close())

const now = () => bench.ctx.clock.now()
const verify = (request: SignedRequest) => verifySigned(bench.ctx, bench.box, request)
const refused = (code: string) => ({ code })
const owner = (): Principal => ({
  ...{ accountId: bench.keys.owner.accountId, userId: bench.keys.owner.userId, userName: 'admin' },
  ...{ role: 'owner', accessKeyId: null, sessionId: null },
})

describe('the first start', () => {
  it('makes both accounts once and shows the secrets once', async () => {
    expect(await firstStart(bench.ctx, bench.box, bench.passwords)).toBeNull()
    expect((await listAccounts(bench.ctx.db)).map(a => a.name)).toEqual(['default', 'platform'])
    const { accountId } = bench.keys.owner
    expect((await listUsers(bench.ctx.db, accountId)).map(u => [u.name, u.role])).toEqual([['admin', 'owner']])
    expect((await listWorkspaces(bench.ctx.db, accountId)).map(w => w.name)).toEqual(['default'])
    expect(bench.keys.owner.accessKeyId).toMatch(/^LTAI[0-9a-z]{20}$/)
    const stored = await bench.ctx.db.selectFrom('accessKeys').selectAll().execute()
    expect(stored).toHaveLength(2)
    for (const row of stored) expect(row.secretCipher.includes(bench.keys.owner.secret)).toBe(false)
  })

  it('happens once when two processes start at the same time', async () => {
    const other = await makeBench(new ManualClock('2026-11-23T00:00:00Z'))
    try {
      await sql`truncate events, accounts cascade`.execute(other.ctx.db)
      const keys = await Promise.all(Array.from({ length: 8 }, () => firstStart(other.ctx, other.box, bench.passwords)))
      expect(keys.filter(key => key !== null)).toHaveLength(1)
    } finally {
      await other.fresh.close()
    }
  })
})

describe('a signed request', () => {
  it('says who signed it, in which role', async () => {
    expect(await verify(ownRequest(bench.keys.operator, now()))).toMatchObject({
      role: 'operator',
      userName: 'operator',
    })
    expect(await verify(ownRequest(bench.keys.owner, now()))).toMatchObject({
      role: 'owner',
      accountId: bench.keys.owner.accountId,
    })
  })

  it.each([
    [-901, 'InvalidTimeStamp.Expired'],
    [-900, 'accepted'],
    [900, 'accepted'],
    [901, 'InvalidTimeStamp.Expired'],
  ])('dated %i seconds from now is %s', async (seconds, outcome) => {
    const answer = verify(ownRequest(bench.keys.owner, now().add({ seconds })))
    if (outcome === 'accepted') await expect(answer).resolves.toMatchObject({ role: 'owner' })
    else await expect(answer).rejects.toMatchObject(refused(outcome))
  })

  it('is accepted once of fifty sent at the same time, and not after a while either', async () => {
    const request = ownRequest(bench.keys.owner, now().add({ minutes: 14 }))
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => verify(request)))
    expect(results.filter(result => result.status === 'fulfilled')).toHaveLength(1)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject(refused('SignatureNonceUsed'))
    bench.ctx.clock.advance({ minutes: 28 })
    await purgeNonces(bench.ctx)
    await expect(verify(request)).rejects.toMatchObject(refused('SignatureNonceUsed'))
    bench.ctx.clock.advance({ minutes: 8 })
    expect(await purgeNonces(bench.ctx)).toBeGreaterThan(0)
    await expect(verify(request)).rejects.toMatchObject(refused('InvalidTimeStamp.Expired'))
  })

  it('with a wrong signature uses no nonce up, and one nonce serves two keys', async () => {
    const request = ownRequest(bench.keys.owner, now(), { nonce: 'shared' })
    const wrong = ownRequest({ ...bench.keys.owner, secret: 'wrong' }, now(), { nonce: 'shared' })
    await expect(verify(wrong)).rejects.toMatchObject(refused('SignatureDoesNotMatch'))
    await expect(verify(request)).resolves.toBeDefined()
    await expect(verify(ownRequest(bench.keys.operator, now(), { nonce: 'shared' }))).resolves.toBeDefined()
  })

  it('is judged key first, then date, then signature', async () => {
    const late = now().subtract({ hours: 1 })
    const unknown = { accessKeyId: 'LTAIunknown', secret: 'x' }
    await expect(verify(ownRequest(unknown, late))).rejects.toMatchObject(refused('InvalidAccessKeyId.NotFound'))
    const wrong = { ...bench.keys.owner, secret: 'wrong' }
    await expect(verify(ownRequest(wrong, late))).rejects.toMatchObject(refused('InvalidTimeStamp.Expired'))
  })

  it('without signature, with a broken one or with broken encoding is refused by the header at fault', async () => {
    const request = ownRequest(bench.keys.owner, now())
    const authorization = (value: string) => ({
      ...request,
      rawHeaders: request.rawHeaders.map((text, at) => (request.rawHeaders[at - 1] === 'authorization' ? value : text)),
    })
    for (const value of [
      '',
      'Basic YTpi',
      'ACS3-HMAC-SHA256 x',
      'ACS3-HMAC-SM3 Credential=a',
      'acs a:b',
      `acs ${'x'.repeat(9000)}`,
    ]) {
      await expect(verify(authorization(value))).rejects.toMatchObject({
        code: 'IncompleteSignature',
        details: { field: 'authorization' },
      })
    }
    const without = { ...request, rawHeaders: [] }
    await expect(verify(without)).rejects.toMatchObject({
      code: 'IncompleteSignature',
      details: { field: 'authorization' },
    })
    await expect(verify({ ...request, rawQuery: 'a=%zz' })).rejects.toMatchObject({ details: { field: 'query' } })
    const twice = ownRequest(bench.keys.owner, now(), {
      url: 'http://berth.test/api/v2/resources?Force=false&Force=true',
    })
    await expect(verify(twice)).rejects.toMatchObject({ code: 'IncompleteSignature', details: { field: 'query' } })
    await expect(verify({ ...request, path: '/a+b' })).rejects.toMatchObject({ details: { field: 'path' } })
    const unsigned = { ...request, rawHeaders: [...request.rawHeaders, 'x-acs-security-token', 'sts'] }
    await expect(verify(unsigned)).rejects.toMatchObject({ details: { field: 'x-acs-security-token' } })
  })
})

describe('an access key', () => {
  const makeKey = async (name: string) => {
    const user = await createUser(bench.ctx, actorOf(owner()), { name, role: 'developer' })
    return createAccessKey(bench.ctx, bench.box, actorOf(owner()), { userId: user.userId })
  }

  it('stops at its revocation, at once', async () => {
    const key = await makeKey('dev-1')
    await expect(verify(ownRequest(key, now()))).resolves.toMatchObject({ role: 'developer', userName: 'dev-1' })
    await revokeAccessKey(bench.ctx, owner(), key.accessKeyId)
    await revokeAccessKey(bench.ctx, owner(), key.accessKeyId)
    await expect(verify(ownRequest(key, now()))).rejects.toMatchObject(refused('InvalidAccessKeyId.NotFound'))
  })

  it('is rotated with a stated overlap', async () => {
    const key = await makeKey('dev-2')
    const next = await rotateAccessKey(bench.ctx, bench.box, owner(), key.accessKeyId, { overlapSeconds: 60 })
    expect(next.userId).toBe(key.userId)
    await expect(verify(ownRequest(key, now()))).resolves.toBeDefined()
    bench.ctx.clock.advance({ seconds: 60 })
    await expect(verify(ownRequest(key, now()))).rejects.toMatchObject(refused('InvalidAccessKeyId.NotFound'))
    await expect(verify(ownRequest(next, now()))).resolves.toBeDefined()
  })

  it('notes its last use at most once a minute', async () => {
    const key = await makeKey('dev-3')
    const lastUse = async () =>
      (await listAccessKeys(bench.ctx.db, owner()))
        .find(one => one.accessKeyId === key.accessKeyId)
        ?.lastUsedAt?.toString()
    const first = now().toString()
    await verify(ownRequest(key, now()))
    bench.ctx.clock.advance({ seconds: 59 })
    await verify(ownRequest(key, now()))
    expect(await lastUse()).toBe(first)
    bench.ctx.clock.advance({ seconds: 2 })
    await verify(ownRequest(key, now()))
    expect(await lastUse()).toBe(now().toString())
  })

  it('of another account is not found', async () => {
    const open = () => {
      const by = { accountId: bench.keys.operator.accountId, name: 'user:operator' }
      return openAccount(bench.ctx, bench.box, by, { name: 'other', ownerName: 'admin' }, bench.passwords)
    }
    const { account, key } = await open()
    const stranger = actorOf({ ...owner(), accountId: account.accountId, userId: key.userId })
    const other = { ...owner(), accountId: account.accountId, userId: key.userId }
    await expect(revokeAccessKey(bench.ctx, other, bench.keys.owner.accessKeyId)).rejects.toMatchObject(
      refused('AccessKeyNotFound'),
    )
    await expect(
      createAccessKey(bench.ctx, bench.box, stranger, { userId: bench.keys.owner.userId }),
    ).rejects.toMatchObject(refused('UserNotFound'))
    await expect(open()).rejects.toMatchObject(refused('NameInUse'))
    await expect(createUser(bench.ctx, stranger, { name: 'A b', role: 'viewer' })).rejects.toMatchObject(
      refused('InvalidName'),
    )
  })
})

describe('the secret box', () => {
  it('opens what it sealed, and nothing that was changed or sealed with another key', () => {
    const cipher = bench.box.seal('s3cret')
    expect(bench.box.open(cipher)).toBe('s3cret')
    for (let at = 0; at < cipher.length; at++) {
      const changed = Buffer.from(cipher)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => bench.box.open(changed)).toThrow()
    }
    expect(() => new SecretBox(Buffer.alloc(32, 7)).open(cipher)).toThrow()
    expect(bench.box.seal('s3cret').equals(cipher)).toBe(false)
  })
})
