// The contract of RuntimeDriver (src/services/driver.ts), run against every driver: what the reconciler relies on.
import { expect, test } from 'vitest'
import type { Launch, RuntimeDriver, RuntimeRef } from '../../src/services/driver.ts'
import { isEnded, isReady, observed } from './observed.ts'

export interface RuntimeSubject {
  driver: RuntimeDriver
  /** Lets the time pass that the driver needs; called between looks. */
  pass(): Promise<void> | void
  /** A program that serves, and writes `hello` to its log first. */
  serving: Launch['program']
  /** A program that ends by itself with exit code 1. */
  ending: Launch['program']
  /** Told before a launch whose program ends: for drivers that run no program. */
  beforeEnding?(): void
}

let made = 0

export function aLaunch(program: Launch['program'], change: Partial<Launch> = {}): Launch {
  return {
    serviceInstanceId: `one-${++made}`,
    restartCount: 0,
    machineId: 'eas-i-contract',
    serviceId: 'eas-m-contract',
    accountId: 'acc-contract',
    groupId: 'eas-r-contract',
    program,
    env: {},
    cpuMilli: 500,
    memoryMiB: 256,
    gpuIndexes: [],
    health: { path: null, startTimeoutMs: 20_000, periodMs: 100, timeoutMs: 2_000, failureThreshold: 3 },
    graceMs: 5_000,
    ...change,
  }
}

export function runtimeDriverContract(open: () => Promise<RuntimeSubject> | RuntimeSubject): void {
  const seen = ({ driver, pass }: RuntimeSubject, ref: RuntimeRef, is: string, so: typeof isReady) =>
    observed(driver, ref, { is, so, pass })

  async function aReady(subject: RuntimeSubject): Promise<{ launch: Launch; host: string; port: number }> {
    const launch = aLaunch(subject.serving)
    await subject.driver.ensure(launch)
    const word = await seen(subject, launch, 'ready', isReady)
    if (word.state !== 'running') throw new Error('ready without running')
    return { launch, host: word.host, port: word.port }
  }

  test('what was never launched is not found, and may be stopped and forgotten', async () => {
    const { driver } = await open()
    const ref = { serviceInstanceId: 'nobody', restartCount: 0, machineId: 'eas-i-contract' }
    expect(await driver.observe([ref])).toEqual([{ state: 'not_found' }])
    await driver.stop(ref, { drainMs: 0, graceMs: 0 })
    await driver.forget(ref)
  })

  test('launched it becomes ready and answers on its address', async () => {
    const { host, port } = await aReady(await open())
    expect((await fetch(`http://${host}:${port}/`)).status).toBe(200)
  })

  test('launching twice runs one', async () => {
    const subject = await open()
    const { launch, port } = await aReady(subject)
    expect(await subject.driver.ensure(launch)).toMatchObject({ state: 'running', port })
  })

  test('answers about many in the order asked', async () => {
    const subject = await open()
    const { launch } = await aReady(subject)
    const nobody = { serviceInstanceId: 'nobody', restartCount: 0, machineId: 'eas-i-contract' }
    const words = await subject.driver.observe([nobody, launch, nobody])
    expect(words.map(word => word.state)).toEqual(['not_found', 'running', 'not_found'])
  })

  test('a program that ends by itself is reported with its exit code', async () => {
    const subject = await open()
    subject.beforeEnding?.()
    const launch = aLaunch(subject.ending)
    await subject.driver.ensure(launch)
    expect(await seen(subject, launch, 'ended', isEnded)).toMatchObject({ reason: 'Exited', exitCode: 1 })
  })

  test('stopped it ends as asked, however often it is asked', async () => {
    const subject = await open()
    const { launch } = await aReady(subject)
    await subject.driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
    await subject.driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
    expect(await seen(subject, launch, 'ended', isEnded)).toMatchObject({ reason: 'Stopped' })
    await subject.driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
  })

  test('forgotten it is not found, and its log stays', async () => {
    const subject = await open()
    const { launch } = await aReady(subject)
    await subject.driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
    await seen(subject, launch, 'ended', isEnded)
    await subject.driver.forget(launch)
    await subject.driver.forget(launch)
    expect(await subject.driver.observe([launch])).toEqual([{ state: 'not_found' }])
    const { lines, nextOffset } = await subject.driver.logs(launch, {})
    expect(lines.length).toBeGreaterThan(0)
    expect((await subject.driver.logs(launch, { offset: nextOffset })).lines).toEqual([])
  })

  test('keeps no log of what it never launched, and says so', async () => {
    const { driver, serving } = await open()
    await expect(driver.logs(aLaunch(serving), {})).rejects.toMatchObject({ code: 'ServiceInstanceNotFound' })
  })

  test('the next process of a service instance is another: what comes late for the one before does not reach it', async () => {
    const subject = await open()
    const { driver } = subject
    const { launch, host, port } = await aReady(subject)
    const next = { ...launch, restartCount: 1 }
    expect(await driver.observe([next])).toEqual([{ state: 'not_found' }])
    await driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
    await seen(subject, launch, 'ended', isEnded)
    await driver.forget(launch)
    await driver.ensure(next)
    const ready = await seen(subject, next, 'ready', isReady)
    // Pods have an address of their own each, and their port in common.
    expect(ready.state === 'running' && `${ready.host}:${ready.port}`).not.toBe(`${host}:${port}`)
    await driver.stop(launch, { drainMs: 0, graceMs: 0 })
    await driver.forget(launch)
    expect((await driver.observe([launch, next])).map(word => word.state)).toEqual(['not_found', 'running'])
    expect(await driver.ensure(next)).toMatchObject({ state: 'running', ready: true })
    const logs = await Promise.all([launch, next].map(ref => driver.logs(ref, {})))
    expect(logs.map(({ lines }) => lines.length > 0)).toEqual([true, true])
    // Told of by the id of the instance.
    const abort = new AbortController()
    const told = (async () => {
      for await (const id of driver.changes(abort.signal)) if (id === launch.serviceInstanceId) return true
      return false
    })()
    await driver.stop(next, { drainMs: 0, graceMs: 5_000 })
    await seen(subject, next, 'ended', isEnded)
    await driver.forget(next)
    const last = { ...launch, restartCount: 2 }
    await driver.ensure(last)
    await driver.stop(last, { drainMs: 0, graceMs: 0 })
    expect(await told).toBe(true)
    abort.abort()
  })

  test('tells of changes', async () => {
    const subject = await open()
    const { launch } = await aReady(subject)
    const abort = new AbortController()
    const told = (async () => {
      for await (const id of subject.driver.changes(abort.signal)) if (id === launch.serviceInstanceId) return true
      return false
    })()
    await subject.driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
    await seen(subject, launch, 'ended', isEnded)
    // One more, for a driver whose stream opened only after the stop.
    const again = aLaunch(subject.serving, { serviceInstanceId: launch.serviceInstanceId })
    await subject.driver.forget(launch)
    await subject.driver.ensure(again)
    await subject.driver.stop(again, { drainMs: 0, graceMs: 0 })
    expect(await told).toBe(true)
    abort.abort()
  })
}
