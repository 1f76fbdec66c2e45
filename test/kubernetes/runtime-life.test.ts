// What becomes of service instances on Kubernetes, over what every driver promises.
import { beforeEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../src/drivers/kubernetes/api/objects.ts'
import { pods, replicaSets } from '../../src/drivers/kubernetes/api/resources.ts'
import type { Pod } from '../../src/drivers/kubernetes/pod-objects.ts'
import type { Launch } from '../../src/services/driver.ts'
import { aLaunch } from '../drivers/runtime-contract.ts'
import {
  anImage,
  aReady,
  aRuntimePlace,
  endOf,
  listens,
  type RuntimePlace,
  readyOf,
  serves,
} from './runtime-fixtures.ts'

const anHttp = { path: '/', startTimeoutMs: 20_000, periodMs: 1_000, timeoutMs: 1_000, failureThreshold: 1 }

async function podOf({ api }: RuntimePlace, { serviceInstanceId }: Launch): Promise<KubeObject> {
  const { items } = await api.list<KubeObject>(pods, {
    labelSelector: `berth.dev/service-instance=${serviceInstanceId}`,
  })
  const [pod] = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  if (pod === undefined) throw new Error('it has no pod')
  return pod
}

const refOf = ({ metadata: { name, namespace = '' } }: KubeObject) => ({ name, namespace })

async function runOf(place: RuntimePlace, launch: Launch) {
  const { name, namespace } = refOf(await podOf(place, launch))
  const run = place.nodes.run(`${namespace}/${name}`)
  if (run === undefined) throw new Error('no node runs it')
  return run
}

describe('how it ends', () => {
  let place: RuntimePlace
  beforeEach(async () => {
    place = await aRuntimePlace()
  })

  test('over its memory', async () => {
    const launch = await aReady(place)
    ;(await runOf(place, launch)).service.killOutOfMemory()
    expect(await endOf(place.driver, launch)).toMatchObject({
      reason: 'OOMKilled',
      message: expect.stringContaining('256 MiB'),
    })
  })

  test('without an image', async () => {
    const launch = aLaunch({ ...anImage(serves), image: 'missing/digits' })
    await place.driver.ensure(launch)
    expect(await endOf(place.driver, launch)).toMatchObject({ reason: 'ImageUnavailable' })
    await place.driver.forget(launch)
    const { lines } = await place.driver.logs(launch, {})
    expect(lines).toEqual([expect.stringContaining('pull access denied for missing/digits')])
  })

  test('not ready in its time', async () => {
    const launch = aLaunch(anImage('setInterval(() => {}, 1000)'), { health: { ...anHttp, startTimeoutMs: 1_000 } })
    await place.driver.ensure(launch)
    expect(await endOf(place.driver, launch)).toMatchObject({ reason: 'StartTimeout' })
  })

  test('its liveness check fails for too long', async () => {
    const sick = `let answers = 0
      require('http').createServer((req, res) => { res.statusCode = answers++ < 3 ? 200 : 500; res.end() }).${listens}`
    const launch = await aReady(place, sick, { health: { ...anHttp, endAfterMs: 3_000 } })
    expect(await endOf(place.driver, launch)).toMatchObject({ reason: 'Unhealthy' })
  })

  test('thrown off its node for want of disk', async () => {
    const launch = await aReady(place)
    await (await runOf(place, launch)).evict('The node was low on resource: ephemeral-storage.')
    const word = await endOf(place.driver, launch)
    expect(word).toMatchObject({ reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' })
  })

  test('in less grace than was first given, where it is asked again', async () => {
    const deaf = `process.on('SIGTERM', () => console.log('not yet')); ${serves.split('\n')[0]}`
    const launch = await aReady(place, deaf)
    await place.driver.stop(launch, { drainMs: null, graceMs: 600_000 })
    expect(await place.driver.observe([launch])).toEqual([{ state: 'stopping', connections: null }])
    await place.driver.stop(launch, { drainMs: 0, graceMs: 0 })
    expect(await endOf(place.driver, launch)).toMatchObject({ reason: 'Stopped' })
  })
})

describe('its log', () => {
  test('has its last words, and stays when it is forgotten', async () => {
    const place = await aRuntimePlace()
    const launch = await aReady(place)
    await place.driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
    await endOf(place.driver, launch)
    await place.driver.forget(launch)
    expect((await place.driver.logs(launch, {})).lines).toEqual(['hello', 'bye'])
  })

  test('goes over restarts by the kubelet, each line once', async () => {
    const place = await aRuntimePlace()
    const twice = `const fs = require('fs'), at = process.env.AT
      fs.appendFileSync(at, 'x'); console.log('run ' + fs.readFileSync(at, 'utf8').length)
      require('http').createServer((req, res) => req.url === '/end' ? process.exit(3) : res.end()).${listens}`
    const launch = await aReady(place, twice, { env: { AT: `${place.dataDir}/runs` } })
    expect((await place.driver.logs(launch, {})).lines).toEqual(['run 1'])
    const before = await runOf(place, launch)
    await fetch(`http://${before.podIP}:8000/end`).catch(() => {})
    await expect.poll(() => before.service.status.restartCount).toBe(1)
    await expect.poll(() => before.service.ready, { timeout: 5_000 }).toBe(true)
    const { lines } = await place.driver.logs(launch, {})
    expect(lines.filter(line => line === 'run 1')).toHaveLength(1)
    await expect.poll(async () => (await place.driver.logs(launch, {})).lines).toEqual(['run 1', 'run 2'])
    await place.driver.stop(launch, { drainMs: 0, graceMs: 1_000 })
    await endOf(place.driver, launch)
    await place.driver.forget(launch)
    expect((await place.driver.logs(launch, {})).lines).toEqual(['run 1', 'run 2'])
  })

  test('is followed until it ends', async () => {
    const place = await aRuntimePlace()
    const launch = await aReady(place)
    const lines = Array.fromAsync(place.driver.followLogs(launch, new AbortController().signal))
    await place.driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
    expect(await lines).toEqual(['hello', 'bye'])
  })
})

describe('while nobody looks', () => {
  test('what the kubelet has started again serves on', async () => {
    const place = await aRuntimePlace()
    const launch = await aReady(place)
    await place.driver.close()
    const run = await runOf(place, launch)
    run.service.kill()
    // By the server's word: the node's own is there before it.
    const started = async () => ((await podOf(place, launch)) as Pod).status?.containerStatuses?.[0]
    await expect.poll(started, { timeout: 5_000 }).toMatchObject({ restartCount: 1, ready: true })
    const [word] = await observedBy(place, launch)
    expect(word).toMatchObject({ state: 'running', ready: true, host: run.podIP })
  })

  test('what the ReplicaSet has put in the place of a lost pod serves at its own address', async () => {
    const place = await aRuntimePlace()
    const launch = await aReady(place)
    const lost = await podOf(place, launch)
    await expect
      .poll(async () => (await setOf(place, launch)).metadata.annotations)
      .toHaveProperty('berth.dev/ready-pod')
    await place.driver.close()
    await place.api.delete(pods, refOf(lost), { graceSeconds: 1 })
    await expect
      .poll(async () => (await podOf(place, launch).catch(() => lost)).metadata.uid, { timeout: 5_000 })
      .not.toBe(lost.metadata.uid)
    const driver = place.reopen()
    const word = await readyOf(driver, launch)
    expect(word.state === 'running' && word.host).toBe((await runOf(place, launch)).podIP)
  })

  test('one that was told to end has ended, and is not begun again', async () => {
    const place = await aRuntimePlace()
    const launch = await aReady(place)
    await place.driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
    await place.driver.close()
    const driver = place.reopen()
    expect(await endOf(driver, launch)).toMatchObject({ reason: 'Stopped' })
    expect(await driver.ensure(launch)).toMatchObject({ state: 'ended', reason: 'Stopped' })
  })
})

async function setOf({ api }: RuntimePlace, { serviceInstanceId }: Launch): Promise<KubeObject> {
  const { items } = await api.list<KubeObject>(replicaSets, {
    labelSelector: `berth.dev/service-instance=${serviceInstanceId}`,
  })
  if (items[0] === undefined) throw new Error('it has no ReplicaSet')
  return items[0]
}

const observedBy = (place: RuntimePlace, launch: Launch) => place.reopen().observe([launch])
