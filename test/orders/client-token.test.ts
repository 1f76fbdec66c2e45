import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { topUp } from '../../src/ledger/top-up.ts'
import { canonicalJson, requestHash } from '../../src/orders/client-token.ts'
import { listOrders } from '../../src/orders/orders.ts'
import { placeOrder } from '../../src/orders/place-order.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { aShop, type Shop } from './shop.ts'
import { aRequest } from './shop-ctx.ts'

let shop: Shop
beforeAll(async () => {
  shop = await aShop({ max: 30, cashFen: 100_000_00n })
})
afterAll(async () => {
  await shop.settle()
  await shop.check()
  await shop.close()
})

const purchases = async () => (await listOrders(shop.db, { accountId: shop.accountId, limit: 500 })).length

describe('a client token', () => {
  test('makes one order of 50 calls at once, and all get the same answer', async () => {
    const before = await purchases()
    const request = aRequest({ quantity: 2 })
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        placeOrder(shop.ctx, shop.actor, { request, clientToken: 'parallel', pay: true }),
      ),
    )
    expect(new Set(answers.map(order => order.id)).size).toBe(1)
    expect((await purchases()) - before).toBe(1)
    expect((await shop.wallet()).cashFen).toBe(100_000_00n - 200_00n)
  })

  test('makes one order of 50 calls at once, also where nothing but the token stands between them', async () => {
    const before = await purchases()
    const call = { request: aRequest(), clientToken: 'unpaid', pay: false }
    const answers = await Promise.all(Array.from({ length: 50 }, () => placeOrder(shop.ctx, shop.actor, call)))
    expect(new Set(answers.map(order => order.id)).size).toBe(1)
    expect((await purchases()) - before).toBe(1)
  })

  test('gives the same order later, whatever became of it, and however the request is spelt', async () => {
    const request = aRequest({ groupName: 'spelt' })
    const first = await placeOrder(shop.ctx, shop.actor, { request, clientToken: 'later', pay: true })
    await shop.settle()
    const reordered = Object.fromEntries(Object.entries({ ...request, systemDiskGib: 200, partialOk: false }).reverse())
    const again = await placeOrder(shop.ctx, shop.actor, {
      request: reordered as never,
      clientToken: 'later',
      pay: true,
    })
    expect(again).toMatchObject({ id: first.id, phase: 'fulfilled' })
  })

  test('of another request is refused', async () => {
    const request = aRequest()
    await placeOrder(shop.ctx, shop.actor, { request, clientToken: 'mismatch' })
    const before = await purchases()
    for (const other of [
      { ...request, quantity: 2 },
      { ...request, autoRenew: true },
    ]) {
      await expect(placeOrder(shop.ctx, shop.actor, { request: other, clientToken: 'mismatch' })).rejects.toMatchObject(
        { code: 'IdempotentParameterMismatch' },
      )
    }
    await expect(
      placeOrder(shop.ctx, shop.actor, { request, clientToken: 'mismatch', pay: true }),
    ).rejects.toMatchObject({ code: 'IdempotentParameterMismatch' })
    expect(await purchases()).toBe(before)
  })

  test('belongs to one account and one operation', async () => {
    const request = aRequest()
    const mine = await placeOrder(shop.ctx, shop.actor, { request, clientToken: 'shared', pay: true })
    const stranger = await shop.account('acc-token', 1000_00n)
    const theirs = await placeOrder(shop.ctx, stranger, { request, clientToken: 'shared', pay: true })
    expect(theirs.id).not.toBe(mine.id)
    await shop.settle()
    const [machine] = await shop.machines(mine.id)
    const renewal = await placeRenewal(shop.ctx, shop.actor, {
      request: { machineIds: [machine?.id ?? ''], months: 1 },
      clientToken: 'shared',
      pay: true,
    })
    expect(renewal.kind).toBe('renewal')
  })

  test('of a call that was refused may be used again', async () => {
    const poor = await shop.account('acc-retry')
    const request = aRequest()
    const call = { request, clientToken: 'retry', pay: true }
    await expect(placeOrder(shop.ctx, poor, call)).rejects.toMatchObject({ code: 'BalanceInsufficient' })
    expect(await listOrders(shop.db, { accountId: 'acc-retry', limit: 10 })).toEqual([])
    await topUp(shop.ctx, poor, 'acc-retry', 100_00n, null)
    expect((await placeOrder(shop.ctx, poor, call)).phase).toBe('paid')
  })

  test('is 1 to 64 printable characters', async () => {
    for (const clientToken of ['', 'x'.repeat(65), 'a b', 'é', 'a\u0000']) {
      await expect(placeOrder(shop.ctx, shop.actor, { request: aRequest(), clientToken })).rejects.toMatchObject({
        code: 'InvalidRequest',
        details: { field: 'clientToken' },
      })
    }
  })
})

test('equal requests have equal hashes, whatever the order of their fields', () => {
  expect(canonicalJson({ b: [1, { d: 1n, c: null }], a: 'x' })).toBe('{"a":"x","b":[1,{"c":null,"d":"1"}]}')
  expect(requestHash({ a: 1, b: 2 })).toBe(requestHash({ b: 2, a: 1 }))
  expect(requestHash({ a: 1 })).not.toBe(requestHash({ a: '1' }))
})
