import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fenMax } from '../lib/money.ts'
import { billableDiskGib, burnFen, durations, type Months, type Price, priceMachines } from './price.ts'

const prepaid: Price = {
  monthMicros: { 1: 100_000_000n, 2: 99_000_000n, 3: 95_000_000n, 6: null, 12: 80_005_000n },
  hourMicros: null,
  diskGibMicros: 350_000n,
}
const postpaid: Price = {
  monthMicros: { 1: null, 2: null, 3: null, 6: null, 12: null },
  hourMicros: 123_456n,
  diskGibMicros: 1_000n,
}

describe('the price of machines', () => {
  it.each<[string, Months, number, number, bigint, bigint, bigint]>([
    // months, quantity, disk, per machine, its disk part, total (fen)
    ['one month, free disk', 1, 1, 200, 100_00n, 0n, 100_00n],
    ['one GiB above the free 200', 1, 1, 201, 100_35n, 35n, 100_35n],
    ['the disk is free on every machine', 1, 3, 300, 135_00n, 35_00n, 405_00n],
    ['three months take their own unit price, the disk as well', 3, 1, 2000, 285_00n + 1890_00n, 1890_00n, 2175_00n],
    ['half a fen rounds up, once per machine', 12, 2, 200, 960_06n, 0n, 1920_12n],
  ])('%s', (_name, months, quantity, systemDiskGib, unitFen, diskFen, totalFen) => {
    const price = priceMachines({ price: prepaid, months, quantity, systemDiskGib })
    expect(price).toMatchObject({
      unitFen,
      totalFen,
      parts: { machineFen: unitFen - diskFen, diskFen },
      hourMicros: null,
    })
  })

  it('refuses a duration that is not sold and names those that are', () => {
    expect(() => priceMachines({ price: prepaid, months: 6, quantity: 1, systemDiskGib: 200 })).toThrow(
      'months: 6 is not sold here; choose one of 1, 2, 3, 12',
    )
    expect(() => priceMachines({ price: prepaid, months: null, quantity: 1, systemDiskGib: 200 })).toThrow(
      /by the month/,
    )
  })

  it('keeps postpaid prices exact and rounds the burn once', () => {
    const price = priceMachines({ price: postpaid, months: null, quantity: 3, systemDiskGib: 210 })
    expect(price).toMatchObject({ hourMicros: { machine: 123_456n, disk: 10_000n }, unitFen: 13n })
    // 0.133456 × 3 machines × 24 hours = 9.608832 yuan.
    expect(burnFen(price, 3, 24)).toBe(961n)
  })

  it('writes a formula that a person can check', () => {
    expect(priceMachines({ price: prepaid, months: 3, quantity: 4, systemDiskGib: 300 }).formula).toBe(
      '(95.00/month × 3 + 100 GiB × 0.35/GiB/month × 3 = 390.00) × 4 machines = 1560.00',
    )
    expect(priceMachines({ price: postpaid, months: null, quantity: 1, systemDiskGib: 200 }).formula).toBe(
      '0.123456/hour = 0.12',
    )
  })

  it('refuses a total beyond the ledger instead of wrapping', () => {
    const dear = { ...prepaid, monthMicros: { ...prepaid.monthMicros, 12: 2n ** 63n - 1n } }
    expect(() => priceMachines({ price: dear, months: 12, quantity: 9999, systemDiskGib: 200 })).toThrow(
      /AmountTooLarge|more than/,
    )
  })

  it('has parts that sum to the machine and machines that sum to the total, within half a fen each', () => {
    const micros = fc.bigInt(0n, 10n ** 12n)
    const anyRequest = fc.record({
      rate: micros,
      disk: micros,
      months: fc.constantFrom(...durations),
      quantity: fc.integer({ min: 1, max: 9999 }),
      systemDiskGib: fc.integer({ min: 200, max: 2000 }),
    })
    fc.assert(
      fc.property(anyRequest, ({ rate, disk, months, quantity, systemDiskGib }) => {
        const monthMicros = { ...postpaid.monthMicros, [months]: rate }
        const price = { monthMicros, hourMicros: null, diskGibMicros: disk }
        const { unitFen, parts, totalFen } = priceMachines({ price, months, quantity, systemDiskGib })
        const exact = (rate + disk * BigInt(systemDiskGib - 200)) * BigInt(months)
        expect(parts.machineFen + parts.diskFen).toBe(unitFen)
        expect(parts.diskFen >= 0n).toBe(true)
        expect(totalFen).toBe(unitFen * BigInt(quantity))
        expect(totalFen <= fenMax).toBe(true)
        const off = unitFen * 10_000n - exact
        expect(off > -5_000n && off <= 5_000n).toBe(true)
      }),
    )
  })

  it('bills no GiB at 200 or below', () => {
    expect([0, 200, 201, 2000].map(billableDiskGib)).toEqual([0n, 0n, 1n, 1800n])
  })
})
