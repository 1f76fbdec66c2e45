// The contract of MachineDriver (src/fleet/driver.ts), run against every driver: what the reconciler relies on.
import { expect, test } from 'vitest'
import type { MachineDriver, MachineRef, ProvisionAnswer, ProvisionRequest } from '../../src/fleet/driver.ts'

export interface ContractSubject {
  driver: MachineDriver
  /** Makes the time pass that the driver needs to make or to remove a machine. */
  settle(): Promise<void> | void
  /** The same book opened again, as after a restart of the process. */
  reopen(): MachineDriver
  zoneId: string
  specId: string
}

type Open = () => Promise<ContractSubject> | ContractSubject

export function machineDriverContract(open: Open): void {
  making(open)
  growing(open)
  going(open)
}

function making(open: Open): void {
  test('provisioning twice with one effect id makes one machine and answers the same', async () => {
    const subject = await open()
    const request = requestFor(subject)('eas-i-twice')
    const [first] = await subject.driver.provision([request])
    const [second] = await subject.driver.provision([request])
    expect(first).toMatchObject({ ok: true })
    expect(second).toEqual(first)
    expect(await listed(subject.driver)).toEqual(['eas-i-twice'])
  })

  test('two calls at the same time with one effect id make one machine', async () => {
    const subject = await open()
    const request = requestFor(subject)('eas-i-atonce')
    const answers = await Promise.all([1, 2, 3, 4].map(() => subject.driver.provision([request])))
    expect(answers.flat().map(answer => answer.ok)).toEqual([true, true, true, true])
    expect(await listed(subject.driver)).toEqual(['eas-i-atonce'])
  })

  test('a provisioned machine comes to run, with an address', async () => {
    const subject = await open()
    const [answer] = await subject.driver.provision([requestFor(subject)('eas-i-runs')])
    await subject.settle()
    const [seen] = await subject.driver.observe([refOf(subject, 'eas-i-runs', answer)])
    expect(seen).toMatchObject({ state: 'running', address: expect.stringMatching(/^[0-9.]+$/) })
  })

  test('answers come per machine and in order', async () => {
    const subject = await open()
    const request = requestFor(subject)
    await subject.driver.provision(['eas-i-b', 'eas-i-d'].map(request))
    await subject.settle()
    const refs = ['eas-i-a', 'eas-i-b', 'eas-i-c', 'eas-i-d'].map(id => refOf(subject, id))
    const states = (await subject.driver.observe(refs)).map(one => one.state)
    expect(states).toEqual(['not_found', 'running', 'not_found', 'running'])
    const again = await subject.driver.provision(['eas-i-a', 'eas-i-b', 'eas-i-c'].map(request))
    expect(again.map(answer => answer.ok)).toEqual([true, true, true])
    const driverRefs = again.map(answer => (answer.ok ? answer.driverRef : null))
    expect(new Set(driverRefs).size).toBe(3)
  })
}

/** A driver may leave `resize` out; one that has it keeps to this. */
function growing(open: Open): void {
  const grow = async (subject: ContractSubject, machineId: string, systemDiskGiB: number, driver = subject.driver) => {
    const effectId = `machine:${machineId}:resize:${systemDiskGiB}`
    return (await driver.resize?.([{ ...refOf(subject, machineId), effectId, systemDiskGiB }]))?.[0]
  }

  test('a disk grows to what is asked, once, and is remembered after a restart', async context => {
    const subject = await open()
    if (subject.driver.resize === undefined) return context.skip('disks of this driver do not grow')
    await subject.driver.provision([requestFor(subject)('eas-i-grows')])
    await subject.settle()
    expect(await grow(subject, 'eas-i-grows', 500)).toEqual({ ok: true, systemDiskGiB: 500 })
    expect(await grow(subject, 'eas-i-grows', 500)).toEqual({ ok: true, systemDiskGiB: 500 })
    const reopened = subject.reopen()
    expect(await grow(subject, 'eas-i-grows', 300, reopened)).toEqual({ ok: true, systemDiskGiB: 500 })
    expect((await reopened.observe([refOf(subject, 'eas-i-grows')]))[0]).toMatchObject({ state: 'running' })
  })

  test('a disk never shrinks, nor does a machine that is not there grow one', async context => {
    const subject = await open()
    if (subject.driver.resize === undefined) return context.skip('disks of this driver do not grow')
    await subject.driver.provision([requestFor(subject)('eas-i-there')])
    expect(await grow(subject, 'eas-i-there', 200)).toEqual({ ok: true, systemDiskGiB: 200 })
    expect(await grow(subject, 'eas-i-absent', 300)).toMatchObject({ ok: false, refusal: 'ResizeRefused' })
    expect(await listed(subject.driver)).toEqual(['eas-i-there'])
  })
}

function going(open: Open): void {
  test('what was never asked for is observed as not found', async () => {
    const subject = await open()
    expect(await subject.driver.observe([refOf(subject, 'eas-i-nobody')])).toEqual([{ state: 'not_found' }])
    expect(await subject.driver.observe([])).toEqual([])
  })

  test('release is repeated until not found, and the book is empty then', async () => {
    const subject = await open()
    const [answer] = await subject.driver.provision([requestFor(subject)('eas-i-goes')])
    await subject.settle()
    await releaseUntilGone(subject, [refOf(subject, 'eas-i-goes', answer)])
    expect(await listed(subject.driver)).toEqual([])
  })

  test('releasing what is not there is a success', async () => {
    const subject = await open()
    await subject.driver.release([refOf(subject, 'eas-i-absent')])
    await subject.driver.release([refOf(subject, 'eas-i-absent')])
    expect(await subject.driver.observe([refOf(subject, 'eas-i-absent')])).toEqual([{ state: 'not_found' }])
  })

  test('a request that arrives after the release makes nothing', async () => {
    const subject = await open()
    await subject.driver.release([refOf(subject, 'eas-i-late')])
    const [late] = await subject.driver.provision([requestFor(subject)('eas-i-late')])
    expect(late).toMatchObject({ ok: false, refusal: 'CreateFailed' })
    await subject.settle()
    expect(await subject.driver.observe([refOf(subject, 'eas-i-late')])).toEqual([{ state: 'not_found' }])
    expect(await listed(subject.driver)).toEqual([])
  })

  test('the list names every machine with the effect that made it', async () => {
    const subject = await open()
    const ids = ['eas-i-1', 'eas-i-2', 'eas-i-3']
    await subject.driver.provision(ids.map(requestFor(subject)))
    await subject.settle()
    await releaseUntilGone(subject, [refOf(subject, 'eas-i-2')])
    const book = (await Array.fromAsync(subject.driver.list())).sort((a, b) => a.machineId.localeCompare(b.machineId))
    expect(book).toEqual([
      { machineId: 'eas-i-1', effectId: 'machine:eas-i-1:provision' },
      { machineId: 'eas-i-3', effectId: 'machine:eas-i-3:provision' },
    ])
  })

  test('a restart forgets neither machines nor releases', async () => {
    const subject = await open()
    const request = requestFor(subject)
    await subject.driver.provision([request('eas-i-stays')])
    await subject.driver.release([refOf(subject, 'eas-i-gone')])
    await subject.settle()
    const reopened = subject.reopen()
    expect(await listed(reopened)).toEqual(['eas-i-stays'])
    const [late] = await reopened.provision([request('eas-i-gone')])
    expect(late).toMatchObject({ ok: false })
  })
}

const requestFor =
  ({ zoneId, specId }: ContractSubject) =>
  (machineId: string): ProvisionRequest => ({
    effectId: `machine:${machineId}:provision`,
    machineId,
    accountId: 'acc-contract',
    groupId: 'eas-r-contract',
    zoneId,
    specId,
    cpuMilli: 1_000,
    memoryMiB: 1_024,
    gpuCount: 0,
    systemDiskGiB: 200,
  })
const refOf = (subject: ContractSubject, machineId: string, answer?: ProvisionAnswer): MachineRef => ({
  machineId,
  zoneId: subject.zoneId,
  driverRef: answer?.ok ? answer.driverRef : null,
})
const listed = async (driver: MachineDriver) => (await Array.fromAsync(driver.list())).map(one => one.machineId).sort()

/** Releases and looks, until nothing is found. */
async function releaseUntilGone(subject: ContractSubject, refs: MachineRef[]): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await subject.driver.release(refs)
    await subject.settle()
    const seen = await subject.driver.observe(refs)
    if (seen.every(one => one.state === 'not_found')) return
  }
  throw new Error('still there after 20 releases')
}
