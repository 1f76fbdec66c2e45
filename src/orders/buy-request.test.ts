import { describe, expect, test } from 'vitest'
import { isRefusal } from '../lib/errors.ts'
import { parseBuyRequest } from './buy-request.ts'

const valid = {
  regionId: 'east',
  zoneId: 'east-a',
  specId: 'c4m16',
  chargeType: 'prepaid',
  quantity: 1,
  months: 1,
  groupName: 'vision',
}

function fieldOf(request: unknown): unknown {
  try {
    parseBuyRequest(request)
    return 'accepted'
  } catch (error) {
    if (!isRefusal(error)) throw error
    return error.details.field
  }
}

describe('a request that cannot be bought names the field', () => {
  test.each([
    [{ quantity: 0 }, 'quantity'],
    [{ quantity: 10_000 }, 'quantity'],
    [{ quantity: 1.5 }, 'quantity'],
    [{ quantity: '1' }, 'quantity'],
    [{ quantity: Number.POSITIVE_INFINITY }, 'quantity'],
    [{ quantity: Number.NaN }, 'quantity'],
    [{ systemDiskGib: 199 }, 'systemDiskGib'],
    [{ systemDiskGib: 2001 }, 'systemDiskGib'],
    [{ systemDiskGib: 200.5 }, 'systemDiskGib'],
    [{ months: 4 }, 'months'],
    [{ months: undefined }, 'months'],
    [{ months: null }, 'months'],
    [{ chargeType: 'postpaid' }, 'months'],
    [{ chargeType: 'free' }, 'chargeType'],
    [{ chargeType: 'postpaid', months: undefined, autoRenew: true }, 'autoRenew'],
    [{ chargeType: 'postpaid', months: undefined, autoRenewMonths: 1 }, 'autoRenewMonths'],
    [{ autoRenewMonths: 4 }, 'autoRenewMonths'],
    [{ groupId: 'eas-r-1' }, 'groupName'],
    [{ groupName: undefined }, 'groupName'],
    [{ groupName: '' }, 'groupName'],
    [{ groupName: 'x'.repeat(28) }, 'groupName'],
    [{ groupName: 'a\u0000b' }, 'groupName'],
    [{ groupName: '\u202Eabc' }, 'groupName'],
    [{ regionId: '' }, 'regionId'],
    [{ zoneId: 7 }, 'zoneId'],
    [{ specId: undefined }, 'specId'],
    [{ partialOk: 'yes' }, 'partialOk'],
    [{ accountId: 'acc-other' }, 'accountId'],
    [{ totalFen: 1 }, 'totalFen'],
  ])('%j → %s', (change, field) => {
    expect(fieldOf({ ...valid, ...change })).toBe(field)
  })

  test.each([[null], [undefined], ['text'], [[]], [7]])('%j is no request at all', request => {
    expect(fieldOf(request)).toBe('body')
  })

  test('an own __proto__ is an unknown field like any other', () => {
    expect(fieldOf(JSON.parse(`{"__proto__": {"quantity": 5}, ${JSON.stringify(valid).slice(1)}`))).toBe('__proto__')
  })
})

test('a request is complete once it is parsed', () => {
  expect(parseBuyRequest({ ...valid, groupName: 'e\u0301te\u0301' })).toEqual({
    ...valid,
    groupName: 'été',
    systemDiskGib: 200,
    groupId: null,
    autoRenew: false,
    autoRenewMonths: 1,
    partialOk: false,
    waitMinutes: 0,
  })
  expect(parseBuyRequest({ ...valid, months: 12 }).autoRenewMonths).toBe(12)
  const { months: _, ...postpaid } = valid
  expect(parseBuyRequest({ ...postpaid, chargeType: 'postpaid' })).toMatchObject({
    months: null,
    autoRenewMonths: null,
  })
})
