// What containers do besides the contract, on a real engine: limits and rights, ends and their reasons, images, stops,
// logs, and who finds them again.
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { containerBody } from '../../src/drivers/docker/container-body.ts'
import { Installation } from '../../src/drivers/docker/labels.ts'
import { DockerMachines } from '../../src/drivers/docker/machines.ts'
import { until } from '../agent/harness.ts'
import { TestDocker, whyNoDocker } from './docker-engine.ts'
import { anImage, aPlace, aRuntime, endOf, listens, readyAt, serves } from './docker-fixtures.ts'
import { aRegistry } from './registry.ts'
import { aLaunch } from './runtime-contract.ts'

const absent = whyNoDocker()
if (absent === null) describe('containers', suite)
else test('containers on a real engine', context => context.skip(absent))

/** Answers what a program in the container sees of itself. */
const tells = `const { readFileSync } = require('fs'), read = path => { try { return readFileSync(path, 'utf8').trim() } catch {} }
  const status = Object.fromEntries(read('/proc/self/status').split('\\n').map(line => line.split(':\\t')))
  const root = () => { try { require('fs').writeFileSync('/here', ''); return 'written' } catch (error) { return error.code } }
  require('http').createServer((req, res) => res.end(JSON.stringify({
    caps: status.CapEff, noNewPrivs: status.NoNewPrivs, env: process.env, root: root(),
    memory: read('/sys/fs/cgroup/memory.max') ?? read('/sys/fs/cgroup/memory/memory.limit_in_bytes'),
    pids: read('/sys/fs/cgroup/pids.max') ?? read('/sys/fs/cgroup/pids/pids.max'),
    interfaces: Object.keys(require('os').networkInterfaces()),
  }))).${listens}`
const eats = `const kept = []; setInterval(() => kept.push(Buffer.alloc(16e6, 1)), 10)`

function suite(): void {
  let docker: TestDocker
  beforeAll(async () => {
    docker = await TestDocker.start()
  })
  afterAll(() => docker?.remove())

  test('a container has its limits and its port on loopback, and no right over the host', async () => {
    const driver = aRuntime(docker, aPlace(docker), { readOnlyRoot: true })
    const launch = aLaunch(anImage(tells, 9_001), { env: { AT: 'me:{PORT}' }, memoryMiB: 96 })
    await driver.ensure(launch)
    const url = await readyAt(driver, launch)
    expect(await (await fetch(url)).json()).toMatchObject({
      ...{ caps: '0000000000000000', noNewPrivs: '1', memory: String(96 * 2 ** 20), pids: '1024', root: 'EROFS' },
      interfaces: ['lo', 'eth0'],
      env: { PORT: '9001', AT: 'me:9001', BERTH_INSTANCE_ID: launch.serviceInstanceId },
    })
    const outside = Object.values(networkInterfaces())
      .flat()
      .filter(one => one?.family === 'IPv4' && !one.internal)
    for (const one of outside) {
      const refused = new Promise(resolve => connect(Number(new URL(url).port), one?.address).once('error', resolve))
      expect(await refused).toMatchObject({ code: 'ECONNREFUSED' })
    }
  })

  test('a port that nobody listens on is not ready, though Docker’s proxy takes its connections', async () => {
    const driver = aRuntime(docker)
    const launch = aLaunch(anImage('setInterval(() => {}, 1000)'), {
      health: { path: null, startTimeoutMs: 1_500, periodMs: 50, timeoutMs: 1_000, failureThreshold: 2 },
    })
    await driver.ensure(launch)
    const end = await endOf(driver, launch)
    expect(end).toMatchObject({ reason: 'StartTimeout', message: expect.stringContaining('nothing listens') })
  })

  test('the first of all at once, by some who know nothing of each other, share one network', async () => {
    const dataDir = aPlace(docker)
    const drivers = [1, 2, 3, 4].map(() => aRuntime(docker, dataDir))
    const launches = drivers.map(driver => ({ driver, launch: aLaunch(anImage(serves)) }))
    await Promise.all(launches.map(({ driver, launch }) => driver.ensure(launch)))
    // Asked again as control does, until it runs: a network that another has taken back is found anew.
    for (const { driver, launch } of launches) {
      await until('it runs', async () => (await driver.ensure(launch)).state === 'running')
    }
  })

  describe('ends with its reason', () => {
    test.each([
      ['on a signal', 'process.kill(process.pid, "SIGSEGV")', { reason: 'Exited', exitCode: null, signal: 'SIGSEGV' }],
      ['over its memory', eats, { reason: 'OOMKilled', message: 'used more than its 128 MiB of memory' }],
    ])('%s', async (_, script, end) => {
      const driver = aRuntime(docker)
      const launch = aLaunch(anImage(script), { memoryMiB: 128 })
      await driver.ensure(launch)
      expect(await endOf(driver, launch)).toMatchObject(end)
    })

    test('a child over the memory takes its whole container with it', async () => {
      const driver = aRuntime(docker)
      const over = new AbortController()
      const listening = (async () => {
        for await (const _ of driver.changes(over.signal));
      })()
      const child = `require('child_process').spawn('/node', ['-e', ${JSON.stringify(eats)}])`
      const launch = aLaunch(anImage(`${child}; ${serves}`), { memoryMiB: 192 })
      await driver.ensure(launch)
      expect(await endOf(driver, launch)).toMatchObject({ reason: 'OOMKilled' })
      over.abort()
      await listening
    })

    test('a program that is not in the image is told, in its end and in its log, and leaves nothing', async () => {
      const driver = aRuntime(docker)
      const launch = aLaunch({ ...anImage(''), argv: ['/no/such'] })
      await driver.ensure(launch)
      expect(await endOf(driver, launch)).toMatchObject({
        ...{ reason: 'SpawnFailed', message: expect.stringContaining('/no/such') },
      })
      expect((await driver.logs(launch, {})).lines.join()).toContain('/no/such')
      await driver.forget(launch)
      expect(await driver.observe([launch])).toEqual([{ state: 'not_found' }])
    })

    test('cards that this Docker can not hand out are refused with what to install', async () => {
      const driver = aRuntime(docker)
      const launch = aLaunch(anImage(serves), { gpuIndexes: [0] })
      expect(await driver.ensure(launch)).toMatchObject({
        ...{ state: 'ended', reason: 'SpawnFailed', message: expect.stringContaining('NVIDIA Container Toolkit') },
      })
    })
  })

  describe('its image', () => {
    // A file; that it can't be run is the proof that it was fetched and used.
    const plain = Buffer.alloc(1_024)
    const tar = { plain, layer: gzipSync(plain) }
    const run = async (image: string, change = {}, settings = {}) => {
      const driver = aRuntime(docker, aPlace(docker), settings)
      const launch = aLaunch({ kind: 'image', image, argv: ['/run'], port: 80 }, change)
      await driver.ensure(launch)
      return endOf(driver, launch)
    }

    test('is fetched when it is missing, once for all who wait', async () => {
      const { image, asked } = await aRegistry(tar)
      const driver = aRuntime(docker)
      const launches = [1, 2, 3].map(() => aLaunch({ kind: 'image', image, argv: ['/run'], port: 80 }))
      await Promise.all(launches.map(launch => driver.ensure(launch)))
      const ran = { reason: 'SpawnFailed', message: expect.stringContaining('/run') }
      for (const launch of launches) expect(await endOf(driver, launch)).toMatchObject(ran)
      expect(asked.filter(line => line.startsWith('GET /v2/model/blobs/')).length).toBe(2)
    })

    test('needs the login of its registry, which is told', async () => {
      const { image } = await aRegistry(tar, { login: 'ana:open' })
      const registryAuth = (text: string) => ({ registryAuth: Buffer.from(text).toString('base64') })
      const refused = { reason: 'ImageUnavailable', message: expect.stringContaining('dockerAuth') }
      expect(await run(image)).toMatchObject(refused)
      expect(await run(image, registryAuth('ana:wrong'))).toMatchObject(refused)
      expect(await run(image, registryAuth('ana:open'))).toMatchObject({ reason: 'SpawnFailed' })
    })

    test.each([
      [
        'a tag that the registry has not',
        async () => (await aRegistry(tar)).image.replace(':1', ':9'),
        'none of that name',
      ],
      ['a registry that is away', async () => '127.0.0.1:1/model:1', "can't be reached"],
    ])('%s is told', async (_, image, message) => {
      expect(await run(await image())).toMatchObject({
        ...{ reason: 'ImageUnavailable', message: expect.stringContaining(message) },
      })
    })

    test('is never fetched where that is said', async () => {
      const { image, asked } = await aRegistry(tar)
      expect(await run(image, {}, { pull: 'never' })).toMatchObject({
        ...{ reason: 'ImageUnavailable', message: expect.stringContaining('docker load') },
      })
      expect(asked).toEqual([])
    })

    test('that is on its way does not hold up a stop', async () => {
      // A layer that no other test fetches: what the engine has of one is not asked for again, and held by nobody.
      const own = Buffer.alloc(2 * plain.length)
      const { image, asked } = await aRegistry({ plain: own, layer: gzipSync(own) }, { hold: true })
      const driver = aRuntime(docker)
      const launch = aLaunch({ kind: 'image', image, argv: ['/run'], port: 80 })
      expect(await driver.ensure(launch)).toEqual({ state: 'starting' })
      expect(await driver.ensure(launch)).toEqual({ state: 'starting' })
      const blobs = () => asked.filter(line => line.startsWith('GET /v2/model/blobs/'))
      await until('its configuration is there, and its layer is asked for', async () => blobs().length === 2)
      await driver.stop(launch, { drainMs: 0, graceMs: 0 })
      expect(await driver.observe([launch])).toEqual([{ state: 'not_found' }])
    })
  })

  describe('stopped', () => {
    const slow = `let held; require('http').createServer((req, res) => { if (req.url === '/slow') { res.write('a'); held = res }
      else { if (req.url === '/go') held.end('b'); res.end() } }).${listens}; process.on('SIGTERM', () => { console.log('told'); process.exit(0) })`

    test('it is told only once its connections have ended', async () => {
      const driver = aRuntime(docker)
      const launch = aLaunch(anImage(slow))
      await driver.ensure(launch)
      const url = await readyAt(driver, launch)
      const answer = await fetch(`${url}/slow`, { headers: { connection: 'close' } })
      // What was counted is good for 100 ms.
      const word = async () => (await driver.observe([launch]))[0]
      await expect.poll(word, { timeout: 5_000 }).toMatchObject({ state: 'running', connections: 1 })
      await driver.stop(launch, { drainMs: 20_000, graceMs: 5_000 })
      expect(await word()).toMatchObject({ state: 'stopping', connections: 1 })
      await fetch(`${url}/go`, { headers: { connection: 'close' } })
      expect(await answer.text()).toBe('ab')
      expect(await endOf(driver, launch)).toMatchObject({ reason: 'Stopped', exitCode: 0 })
      expect((await driver.logs(launch, {})).lines).toEqual(['told'])
    })

    test('one that does not listen is killed after its grace, and not before', async () => {
      const driver = aRuntime(docker)
      const launch = aLaunch(
        anImage(`process.on('SIGTERM', () => console.log('no')); ${serves.replace(/process\.on.*/, '')}`),
      )
      await driver.ensure(launch)
      await readyAt(driver, launch)
      const began = performance.now()
      await driver.stop(launch, { drainMs: 0, graceMs: 700 })
      expect(await endOf(driver, launch)).toMatchObject({ reason: 'Stopped', signal: 'SIGKILL' })
      expect(performance.now() - began).toBeGreaterThan(700)
      expect((await driver.logs(launch, {})).lines).toContain('no')
    })
  })

  describe('its log', () => {
    test('is taken over whole and once, both streams, also what came between two looks and after the last', async () => {
      const driver = aRuntime(docker)
      const count = `let n = 0; setInterval(() => { for (let i = 0; i < 50; i++) (n % 2 ? console.error : console.log)(String(n++))
        if (n >= 2000) { process.stdout.write('x'.repeat(40000) + '\\nthe last'); process.exit(0) } }, 20)`
      const launch = aLaunch(anImage(count))
      await driver.ensure(launch)
      const seen: string[] = []
      let offset = 0
      const more = async () => {
        const page = await driver.logs(launch, { offset })
        seen.push(...page.lines)
        offset = page.nextOffset
      }
      await until('it has ended', async () => {
        await more()
        return (await driver.observe([launch]))[0]?.state === 'ended'
      })
      await driver.forget(launch)
      await more()
      const numbers = seen.filter(line => /^\d+$/.test(line)).map(Number)
      // Two streams are not in one order, each is in its own.
      for (const rest of [0, 1]) {
        const own = numbers.filter(number => number % 2 === rest)
        expect(own).toEqual(Array.from({ length: 1_000 }, (_, index) => 2 * index + rest))
      }
      const rest = seen.filter(line => !/^\d+$/.test(line)).map(line => line.replace(/x+/, all => `${all.length} x`))
      expect(rest).toEqual(['40000 x', 'the last'])
    })

    test('is followed until the end', async () => {
      const driver = aRuntime(docker)
      const script = `console.log('one'); setTimeout(() => { console.error('two'); process.exit(0) }, 500)`
      const launch = aLaunch(anImage(script))
      await driver.ensure(launch)
      expect(await Array.fromAsync(driver.followLogs(launch, AbortSignal.timeout(20_000)))).toEqual(['one', 'two'])
    })
  })

  describe('found again', () => {
    test('by the next one, as it was: ready, on its port, and not started twice', async () => {
      const dataDir = aPlace(docker)
      const first = aRuntime(docker, dataDir)
      const launch = aLaunch(anImage(serves))
      await first.ensure(launch)
      const url = await readyAt(first, launch)
      await first.close()
      const next = aRuntime(docker, dataDir)
      expect(await next.ensure(launch)).toMatchObject({
        state: 'running',
        ready: true,
        port: Number(new URL(url).port),
      })
      expect((await fetch(url)).status).toBe(200)
    })

    test('a stop that the last one had begun is carried on, and is the reason of the end', async () => {
      const dataDir = aPlace(docker)
      const first = aRuntime(docker, dataDir)
      const stubborn = aLaunch(anImage(`${serves.replace('process.exit(0)', '0')}`))
      await first.ensure(stubborn)
      await readyAt(first, stubborn)
      await first.stop(stubborn, { drainMs: 0, graceMs: 500 })
      await first.close()
      const next = aRuntime(docker, dataDir)
      expect(await next.observe([stubborn])).toMatchObject([{ state: 'stopping' }])
      expect(await endOf(next, stubborn)).toMatchObject({ reason: 'Stopped', signal: 'SIGKILL' })
    })

    test('made and not started, as by one who died then, it is started', async () => {
      const dataDir = aPlace(docker)
      const driver = aRuntime(docker, dataDir)
      const launch = aLaunch(anImage(serves))
      await driver.ensure(aLaunch(anImage(serves))) // Makes the network.
      const installation = new Installation(dataDir)
      const [networkId = ''] = await docker.engine.networks(installation.networkName)
      const body = containerBody(launch, {
        networkId,
        mounts: [],
        installation,
        readOnlyRoot: false,
        capabilities: [],
        init: true,
      })
      await docker.engine.create(installation.containerName(launch.serviceInstanceId), body)
      expect(await driver.observe([launch])).toEqual([{ state: 'not_found' }])
      await driver.ensure(launch)
      await readyAt(driver, launch)
    })

    test('only by its own Berth', async () => {
      const [mine, other] = [aRuntime(docker), aRuntime(docker)]
      const launch = aLaunch(anImage(serves))
      await mine.ensure(launch)
      expect(await other.observe([launch])).toEqual([{ state: 'not_found' }])
      await other.stopAll({ drainMs: 0, graceMs: 0 })
      await readyAt(mine, launch)
    })

    test('a machine that is released leaves no container', async () => {
      const dataDir = aPlace(docker)
      const driver = aRuntime(docker, dataDir)
      const launch = aLaunch(anImage(serves))
      await driver.ensure(launch)
      await readyAt(driver, launch)
      const machines = new DockerMachines({ socketPath: docker.socketPath, dataDir })
      await machines.release([{ machineId: launch.machineId, zoneId: 'zone-a', driverRef: null }])
      expect(await driver.observe([launch])).toEqual([{ state: 'not_found' }])
    })
  })

  test('while the engine is away there is no word, and after its restart all is as before', async () => {
    const dataDir = aPlace(docker)
    const driver = aRuntime(docker, dataDir)
    const machines = new DockerMachines({ socketPath: docker.socketPath, dataDir })
    const launch = aLaunch(anImage(serves))
    await driver.ensure(launch)
    await readyAt(driver, launch)
    await driver.logs(launch, {})
    await docker.down()
    try {
      await expect(driver.observe([launch])).rejects.toMatchObject({ code: 'DockerAway' })
      await expect(machines.observe([])).rejects.toMatchObject({ code: 'DockerAway' })
      expect((await driver.logs(launch, {})).lines).toEqual(['hello'])
    } finally {
      await docker.up()
    }
    expect(await (await fetch(await readyAt(driver, launch))).text()).toBe('ok')
    await driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
    expect(await endOf(driver, launch)).toMatchObject({ reason: 'Stopped' })
  })
}
