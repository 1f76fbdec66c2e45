import { expect, test } from 'vitest'
import { type Fit, fitText } from './fit-text.ts'

const demand = { cpuMilli: 500, memoryMib: 1536, gpuCount: 1, gpuMemoryMib: 24_576 }
const reason = {
  ...{ code: 'NoRoom' as const, message: 'needs 1 more vCPU on one machine', nearestMachineId: 'eas-i-1' },
  missing: { cpuMilli: 1000, memoryMib: 0, gpuCount: 0, gpuMemoryMib: 0 },
  helps: [
    { change: 'shrink' as const, machineId: 'eas-i-1', to: demand },
    { change: 'uncordon' as const, machineId: 'eas-i-2', cordonedBy: ['user:usr-1'] },
  ],
  machines: { total: 2, open: 1, held: 1, lost: 0, notRunning: 0 },
}
const waiting = {
  serviceId: null,
  serviceName: 'digits',
  serviceInstanceId: null,
  replacesId: null,
  ...{ cpuMilli: 1000, memoryMib: 1536, gpuCount: 1 },
  machineId: null,
  reason,
}
const machine = { regionId: 'east', zoneId: 'east-a', specId: 'c4m16', quantity: 2, available: 9, unitFen: '20' }
const aFit = (change: Partial<Fit>): Fit => ({
  ...{ groupId: 'eas-r-1', verdict: 'does_not_fit', instances: [waiting], otherInstances: { placed: 0, unplaced: 0 } },
  ...{ moves: [], buy: [] },
  ...change,
})

test('names each change that is enough by itself, and the command that buys', () => {
  const buy: Fit['buy'] = [
    { ...machine, chargeType: 'postpaid', months: null, totalFen: '0', dayFen: '960', formula: '' },
    { ...machine, chargeType: 'prepaid', months: 1, totalFen: '20000', dayFen: '0', formula: '' },
  ]
  expect(fitText(aFit({ buy })).filter(line => !line.startsWith('SERVICE'))).toEqual([
    'It does not fit: 1 of 1 instance finds no place.',
    'would be enough: ask for 0.5 vCPU, 1.5 GiB and 1 GPU of 24 GiB: so much is free on eas-i-1',
    'would be enough: uncordon eas-i-2, cordoned by user:usr-1',
    'buy 2 × c4m16 in east-a, 9.60 in 24 hours: berth group add eas-r-1 --spec c4m16 --zone east-a --quantity 2 --postpaid',
    'buy 2 × c4m16 in east-a, 200.00 for 1 month: berth group add eas-r-1 --spec c4m16 --zone east-a --quantity 2 --months 1',
  ])
})

test('names the moves in their order, and counts what is not the caller’s', () => {
  const moves = [{ serviceInstanceId: 'ocr-1', serviceName: 'ocr', fromMachineId: 'eas-i-1', toMachineId: 'eas-i-2' }]
  const placed = { ...waiting, machineId: 'eas-i-1', reason: null }
  const otherInstances = { placed: 2, unplaced: 0 }
  const [verdict, table, ...rest] = fitText(
    aFit({ verdict: 'fits_after_moves', instances: [placed], moves, otherInstances }),
  )
  expect(verdict).toBe('It fits after 1 move, in this order.')
  expect(table).toMatch(/digits +new +- +eas-i-1 +-$/)
  expect(rest).toEqual(['2 of 2 instances of other workspaces have a place.', 'move ocr-1 from eas-i-1 to eas-i-2'])
})
