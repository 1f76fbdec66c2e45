// The gateway of a whole Berth is replaced while requests flow, and is left as it was where its successor does not come to serve.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { defaultConfigYaml, hostFacts } from '../../src/config/default.ts'
import { berth as berthProgram, Installation, until } from '../installation.ts'

const berth = new Installation()
const good = join(berth.home, 'good.yaml')
const config = join(berth.home, 'berth.yaml')

beforeAll(async () => {
  writeFileSync(good, defaultConfigYaml(hostFacts()))
  await berth.up()
}, 60_000)
afterAll(() => berth.remove(), 60_000)

const reload = (): string => berth.run('-c', good, 'gateway', 'reload')

async function health(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${await berth.gatewayPort()}/healthz`)
  await response.text()
  return response.status
}

test('berth gateway reload puts another process in the place of the gateway, which then ends', async () => {
  const before = await berth.pidOf('gateway')
  const port = await berth.gatewayPort()
  const said = reload()
  const after = await berth.pidOf('gateway')
  expect(after).not.toBe(before)
  expect(said).toContain(`process ${after} serves, ${before} finishes what it has and ends`)
  expect(await berth.gatewayPort()).toBe(port)
  expect(await health()).toBe(200)
  await until('the old one has ended', async () => !existsSync(`/proc/${before}`))
  await until('nothing is told of it any more', async () => (await berth.status()).processes.every(one => !one.leaving))
})

test('a gateway that does not come to serve leaves the old one serving, and the command says so', async () => {
  const before = await berth.pidOf('gateway')
  writeFileSync(config, 'listen: nowhere\n')
  expect(reload).toThrow(/GatewayNotReplaced: gateway ended with code \d+ before it was ready.*serves on/)
  writeFileSync(config, defaultConfigYaml(hostFacts()))
  expect(await berth.pidOf('gateway')).toBe(before)
  expect(await health()).toBe(200)
})

test('the socket is held by the supervisor and the gateway, and by nobody else', async context => {
  if (process.platform !== 'linux') return context.skip('descriptors are read from /proc')
  const holders = new Map<string, string[]>()
  for (const name of ['supervisor', 'agent', 'control', 'gateway', 'postgres']) {
    holders.set(name, socketsOf(await berth.pidOf(name)))
  }
  const shared = (holders.get('supervisor') ?? []).filter(socket => holders.get('gateway')?.includes(socket))
  expect(shared.length).toBeGreaterThan(0)
  for (const name of ['agent', 'control', 'postgres']) expect(holders.get(name)).not.toContain(shared[0])
})

function socketsOf(pid: number | null): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`)
      return target.startsWith('socket:') ? [target] : []
    } catch {
      return [] // Closed meanwhile.
    }
  })
}

test('while no gateway runs, who connects waits for the next one', async () => {
  const port = await berth.gatewayPort()
  const before = await berth.pidOf('gateway')
  process.kill(before ?? 0, 'SIGKILL')
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`http://127.0.0.1:${port}/healthz`)))
  expect(answers.map(answer => answer.status)).toEqual(Array.from({ length: 20 }, () => 200))
})

test('where nothing runs the command says so', () => {
  const nowhere = new Installation()
  onTestFinished(() => nowhere.remove())
  const failed = spawnSync(berthProgram, ['gateway', 'reload'], { env: nowhere.env, encoding: 'utf8' })
  expect(failed.stderr).toContain('NotRunning: Berth is not running here. Start it with `berth up`.')
  expect(failed.status).toBe(3)
})
