import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { ProcessRuntime } from '../../src/drivers/process/runtime.ts'
import { SimulatedRuntime } from '../../src/drivers/simulated/runtime.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { parseServiceConfig } from '../../src/services/config/service-config.ts'
import { anAgent, runs } from '../agent/harness.ts'
import { onLoopback, quick, sha256Of } from '../agent/models/fetching.ts'
import { anOrigin } from '../agent/models/origin.ts'
import { digitsModel } from '../model/served.ts'
import { aLaunch, type RuntimeSubject, runtimeDriverContract } from './runtime-contract.ts'

const serves = `console.log('hello'); require('http').createServer((req, res) => res.end('ok'))
  .listen(process.env.PORT, process.env.HOST)`

describe('the simulated runtime', () => {
  const opened: SimulatedRuntime[] = []
  afterAll(async () => {
    for (const driver of opened) await driver.close()
  })

  runtimeDriverContract(() => {
    const clock = new ManualClock('2026-03-01T00:00:00Z')
    const driver = new SimulatedRuntime({ clock, startMs: 1_000, stopMs: 500 })
    opened.push(driver)
    const program = { kind: 'command' as const, argv: ['simulated'] }
    return {
      ...{ driver, serving: program, ending: program, pass: () => clock.advance({ milliseconds: 250 }) },
      beforeEnding: () => driver.inject('crash'),
    }
  })

  test('serves more than it has ports for from a shared one', async () => {
    const clock = new ManualClock('2026-03-01T00:00:00Z')
    const driver = new SimulatedRuntime({ clock, portsMax: 1 })
    opened.push(driver)
    const launches = Array.from({ length: 3 }, () => aLaunch({ kind: 'command', argv: [] }))
    const words = await Promise.all(launches.map(launch => driver.ensure(launch)))
    const ports = words.map(word => (word.state === 'running' ? word.port : 0))
    expect(new Set(ports).size).toBe(2)
    for (const port of ports) expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })
})

describe('the process runtime', () => {
  const open = async (): Promise<RuntimeSubject> => {
    const { socketPath, directory } = await anAgent()
    return {
      driver: new ProcessRuntime({ socketPath, dataDir: directory }),
      pass: () => pause(20),
      serving: { kind: 'command', argv: runs(serves) },
      ending: { kind: 'command', argv: runs('process.exit(1)') },
    }
  }
  runtimeDriverContract(open)

  test('puts the port where {PORT} stands, in arguments and variables, quotes and all', async () => {
    const { driver, pass } = await open()
    const script = `require('http').createServer((req, res) => res.end(JSON.stringify([process.argv.slice(1), process.env.AT])))
      .listen(process.argv[1].split('=')[1], process.env.HOST)`
    const argv = [...runs(script), '--', '--port={PORT}', `it's {PORT}`]
    const launch = aLaunch({ kind: 'command', argv }, { env: { AT: 'host:{PORT}', PLAIN: 'a b' } })
    await driver.ensure(launch)
    for (const deadline = performance.now() + 20_000; performance.now() < deadline; await pass()) {
      const [word] = await driver.observe([launch])
      if (word?.state !== 'running' || !word.ready) continue
      const answer = await (await fetch(`http://${word.host}:${word.port}/`)).json()
      expect(answer).toEqual([[`--port=${word.port}`, `it's ${word.port}`], `host:${word.port}`])
      return
    }
    throw new Error('never ready')
  })

  test('fetches the model of processor onnx first, and tells how far it is', async () => {
    const { socketPath, directory } = await anAgent({ models: onLoopback, fetchLimits: { ...quick, idleMs: 2_000 } })
    const driver = new ProcessRuntime({ socketPath, dataDir: directory })
    const model = readFileSync(digitsModel)
    const origin = await anOrigin(model)
    origin.troubles = [{ stallAfter: 1_000 }]
    const url = `${origin.url}/digits.onnx`
    const { spec } = parseServiceConfig({
      metadata: { name: 'digits', resource: 'eas-r-1' },
      ...{ processor: 'onnx', model_path: `${url}#sha256=${sha256Of(model)}` },
    })
    const launch = aLaunch(spec.program, { memoryMiB: 1_024, health: spec.health })
    await driver.ensure(launch)
    const word = async () => (await driver.observe([launch]))[0]
    const fetching = { url, receivedBytes: 1_000, totalBytes: model.length, failures: 0, problem: null }
    await expect.poll(word).toEqual({ state: 'starting', fetching })
    await expect.poll(word, { timeout: 20_000 }).toMatchObject({ state: 'running', ready: true })
    const running = await word()
    if (running?.state !== 'running') throw new Error('not running')
    const { name } = Object(await (await fetch(`http://127.0.0.1:${running.port}/v2/models/digits`)).json())
    expect(name).toBe('digits')
  })

  test('runs the built-in model server for processor onnx', async () => {
    const { driver, pass } = await open()
    const modelPath = join(import.meta.dirname, '..', '..', 'examples', 'digits', 'model.onnx')
    const { spec } = parseServiceConfig({
      metadata: { name: 'digits', resource: 'eas-r-1' },
      ...{ processor: 'onnx', model_path: modelPath },
    })
    const launch = aLaunch(spec.program, { memoryMiB: 1_024, health: spec.health })
    await driver.ensure(launch)
    for (const deadline = performance.now() + 20_000; performance.now() < deadline; await pass()) {
      const [word] = await driver.observe([launch])
      if (word?.state === 'ended') throw new Error(`${word.reason}: ${(await driver.logs(launch, {})).lines.join(' ')}`)
      if (word?.state !== 'running' || !word.ready) continue
      const answer = await (await fetch(`http://${word.host}:${word.port}/v2/models/digits`)).json()
      expect(answer).toMatchObject({ name: 'digits' })
      return
    }
    throw new Error('never ready')
  })

  test('no word from an agent that is away is an error, not an end', async () => {
    const driver = new ProcessRuntime({ socketPath: '/nonexistent/agent.sock', dataDir: '/nonexistent' })
    await expect(driver.observe([aLaunch({ kind: 'command', argv: [] })])).rejects.toThrow(/agent does not answer/)
  })
})
