import { expect, test } from 'vitest'
import type { ChargeType } from '../catalog/price.ts'
import { type AvailableOffering, alternativesTo } from './alternatives.ts'
import type { BuyRequest } from './buy-request.ts'

const specs = {
  small: { cpuMilli: 4_000, memoryMib: 16_384, gpuModel: null, gpuCount: 0, gpuMemoryMib: 0 },
  large: { cpuMilli: 8_000, memoryMib: 32_768, gpuModel: null, gpuCount: 0, gpuMemoryMib: 0 },
  huge: { cpuMilli: 16_000, memoryMib: 65_536, gpuModel: null, gpuCount: 0, gpuMemoryMib: 0 },
  cards: { cpuMilli: 8_000, memoryMib: 65_536, gpuModel: 'A10', gpuCount: 1, gpuMemoryMib: 24_576 },
}
const yuan = { small: 100, large: 200, huge: 400, cards: 900 }

function offered(
  zoneId: string,
  specId: keyof typeof specs,
  available: number,
  chargeType: ChargeType = 'prepaid',
  priceYuan = yuan[specId],
): AvailableOffering {
  const micros = BigInt(priceYuan) * 1_000_000n
  const prepaid = chargeType === 'prepaid'
  const offeringId = `${zoneId}:${specId}:${chargeType}`
  return {
    ...{ offeringId, regionId: zoneId.split('-')[0] ?? '', zoneId, specId, chargeType, available },
    ...{ engine: 'simulated', simulated: true, retired: false, spec: { specId, family: 'general', ...specs[specId] } },
    stock: { total: available, allocated: 0, available },
    price: {
      monthMicros: { 1: prepaid ? micros : null, 2: null, 3: prepaid ? micros : null, 6: null, 12: null },
      ...{ hourMicros: prepaid ? null : micros / 500n, diskGibMicros: 500_000n },
      ...{ offeringId, version: 1, effectiveAt: Temporal.Instant.from('2026-01-01T00:00:00Z'), createdBy: 'test' },
    },
  }
}

const wanted: BuyRequest = {
  ...{ regionId: 'east', zoneId: 'east-a', specId: 'small', chargeType: 'prepaid', quantity: 8, months: 1 },
  ...{ systemDiskGib: 200, groupId: null, groupName: 'g', autoRenew: false, autoRenewMonths: 1 },
  ...{ partialOk: false, waitMinutes: 0 },
}
const shown = (request: BuyRequest, offerings: AvailableOffering[]) =>
  alternativesTo(request, offerings).map(
    one => `${one.kind} ${one.quantity} ${one.specId} ${one.zoneId} ${one.unitFen}`,
  )

const market = [
  offered('east-a', 'small', 6),
  offered('east-b', 'small', 9, 'prepaid', 110),
  offered('east-c', 'small', 8, 'prepaid', 105),
  offered('east-d', 'small', 7),
  offered('east-a', 'large', 20),
  offered('east-a', 'huge', 20),
  offered('east-a', 'cards', 20),
  offered('east-b', 'small', 9, 'postpaid'),
  offered('west-a', 'small', 100),
]

test('all kinds, the cheapest of a kind first, only the next larger spec, and none that is short itself', () => {
  expect(shown(wanted, market)).toEqual([
    'fewer 6 small east-a 10000',
    'zone 8 small east-c 10500',
    'zone 8 small east-b 11000',
    'larger_spec 8 large east-a 20000',
    'charge_type 8 small east-b 20',
    'region 8 small west-a 10000',
  ])
})

test('none where there is enough', () => {
  expect(shown({ ...wanted, quantity: 6 }, market)).toEqual([])
})

test('machines of a group stay in its region', () => {
  expect(shown({ ...wanted, groupId: 'eas-r-1' }, market).some(line => line.startsWith('region'))).toBe(false)
})

test('nothing that is not sold for this time', () => {
  expect(shown({ ...wanted, months: 6 }, market)).toEqual(['charge_type 8 small east-b 20'])
})

test('each is priced with the disk that was asked for, in all', () => {
  const [fewer] = alternativesTo({ ...wanted, systemDiskGib: 300 }, market)
  expect(fewer).toMatchObject({ unitFen: 150_00n, totalFen: 900_00n, dayFen: 0n })
  expect(fewer?.formula).toContain('× 6 machines = 900.00')
})
