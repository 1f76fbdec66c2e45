// A release by the command line alone: an update in a full group, steered by a person; then two services behind one address.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../installation.ts'
import type { Berth } from './berth.ts'
import { startWithGroup } from './simulated-group.ts'

interface Service {
  status: string
  version: number
  rollout: { phase: string } | null
}
interface Group {
  name: string
  mode: string
  members: { name: string; weight: number; sharePercent: number }[]
}

let host: Berth

function file(name: string, json: object): string {
  const path = join(host.home, name)
  writeFileSync(path, JSON.stringify(json))
  return path
}
const deploy = async (name: string, cpu: number): Promise<void> => {
  const json = { metadata: { name, instance: 1, cpu, memory: 512 }, containers: [{ command: 'serve' }] }
  await host.json('service', 'deploy', file(`${name}.json`, json), '--group', 'main')
}
const update = (command: string) =>
  host.json('service', 'update', 'digits', file('update.json', { containers: [{ command }] }), '--no-wait')
const shown = () => host.json<Service>('service', 'show', 'digits')
const phaseOf = async (): Promise<string | undefined> => (await shown()).rollout?.phase

beforeAll(async () => {
  host = await startWithGroup()
  await deploy('digits', 5)
})
afterAll(() => host?.stop())

describe('an update for which there is no room', () => {
  test('is paused with a reason, resumed, and done once its last instance may go first by name', async () => {
    await update('serve v2')
    const paused = await host.berth('service', 'pause', 'digits', '--reason', 'slower than before')
    expect(paused).toMatchObject({ code: 0, stderr: expect.stringContaining('1 of 1 instances serve') })
    expect(await host.berth('service', 'pause', 'digits')).toMatchObject({ code: 0 })
    expect(await phaseOf()).toBe('paused')
    await host.json('service', 'resume', 'digits', '--no-wait')
    expect(await phaseOf()).toBe('progressing')
    expect(await host.berth('service', 'resume', 'digits')).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('RolloutNotPaused') },
    })
    const serving = await until('its replacement waits for room', async () => {
      const { items } = await host.json<{ items: { serviceInstanceId: string; status: string }[] }>(
        ...['service', 'instances', 'digits'],
      )
      const ids = items.flatMap(one => (one.status === 'Running' ? [one.serviceInstanceId] : []))
      return items.some(one => one.status === 'Pending') && ids[0]
    })
    const first = ['service', 'let-go-first', 'digits', serving, '--yes', '--reason', 'nobody calls at night']
    expect(await host.berth(...first)).toMatchObject({ code: 2, stderr: expect.stringContaining('LastOneServing') })
    expect(await host.berth(...first, '--last-too')).toMatchObject({
      ...{ code: 0, stderr: expect.stringContaining(`${serving} ends first`) },
    })
    await until('version 2 runs', async () => (await shown()).status === 'Running' && (await phaseOf()) === undefined)
    expect(await shown()).toMatchObject({ version: 2 })
  })

  test('is aborted: what served serves on, as the version before', async () => {
    await update('serve v3')
    expect(await shown()).toMatchObject({ version: 3, status: 'Updating' })
    const aborted = await host.berth('service', 'abort', 'digits', '--yes')
    expect(aborted).toMatchObject({ code: 0, stdout: expect.stringMatching(/version +2/) })
    expect(await host.berth('service', 'abort', 'digits', '--yes')).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('NoRollout') },
    })
  })
})

test('two services take their shares of one address, switch, switch back, are mirrored and part again', async () => {
  await deploy('blue', 1)
  await deploy('green', 1)
  await host.json('traffic', 'join', 'blue', 'shop')
  await host.json('traffic', 'join', 'green', 'shop')
  const shares = ({ members }: Group): string[] => members.map(one => `${one.name} ${one.sharePercent}`)
  const weights = await host.berth('traffic', 'weights', 'shop', 'blue=90', 'green=10', '--yes')
  expect(weights).toMatchObject({ code: 0, stderr: expect.stringContaining('blue: 100 % → 90 %') })
  expect(weights.stdout).toMatch(/green +10 +10 %/)
  expect(shares(await host.json('traffic', 'switch', 'shop', 'green', '--yes'))).toEqual(['blue 0', 'green 100'])
  expect(shares(await host.json('traffic', 'switch-back', 'shop'))).toEqual(['blue 90', 'green 10'])
  expect(await host.berth('traffic', 'weights', 'shop', 'blue')).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining('expected <service>=<weight> or auto') },
  })
  const mirrored = await host.berth('traffic', 'mirror', 'digits', '10', 'blue')
  expect(mirrored.stderr).toContain('10 % of digits is copied to blue.')
  expect((await host.berth('traffic', 'mirror', 'digits', '0')).stderr).toContain('Nothing of digits is copied.')
  expect((await host.berth('traffic', 'leave', 'green', '--yes')).stderr).toContain('green is in no traffic group.')
  expect(shares(await host.json('traffic', 'show', 'shop'))).toEqual(['blue 100'])
})

test('one instance is isolated, once one in its place serves, and ended', async () => {
  await host.json('service', 'delete', 'green', '--yes')
  const found = async () => {
    const { items } = await host.json<{ items: Record<'serviceInstanceId' | 'status', string>[] }>(
      ...['service', 'instances', 'blue'],
    )
    return items.map(({ serviceInstanceId, status }) => `${serviceInstanceId} ${status}`)
  }
  const [serving = ''] = (await found()).map(one => one.split(' ')[0])
  expect(await host.berth('service', 'end-instance', 'blue', serving)).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining('NotIsolated') },
  })
  expect(await host.berth('service', 'isolate-instance', 'blue', serving)).toMatchObject({
    ...{ code: 0, stderr: expect.stringContaining(`${serving} leaves the routes`) },
  })
  await until('it is isolated', async () => (await found()).includes(`${serving} Isolated`))
  expect((await found()).map(one => one.split(' ')[1]).sort()).toEqual(['Isolated', 'Running'])
  await host.json('service', 'end-instance', 'blue', serving)
  await until('it has ended', async () => (await found()).every(one => !one.startsWith(serving)))
})

test('the process of one instance is restarted where it runs, after a preview', async () => {
  const found = async () => {
    const { items } = await host.json<{ items: { serviceInstanceId: string; status: string; restartCount: number }[] }>(
      ...['service', 'instances', 'blue'],
    )
    return items.map(({ serviceInstanceId, status, restartCount }) => [serviceInstanceId, status, restartCount])
  }
  const [[serving = ''] = []] = await found()
  const restart = ['service', 'restart-instance', 'blue', String(serving)]
  expect(await host.berth(...restart, '--accept-gap')).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining('goes with --soft') },
  })
  expect(await host.berth(...restart, '--soft')).toMatchObject({
    ...{ code: 2, stderr: expect.stringMatching(/0 of 1 go on serving.*Restart the process/s) },
  })
  expect(await host.berth(...restart, '--soft', '--yes')).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining('LastOneServing') },
  })
  expect(await host.berth(...restart, '--soft', '--yes', '--accept-gap')).toMatchObject({
    ...{ code: 0, stderr: expect.stringContaining('is being restarted where it runs') },
  })
  await until('it serves again', async () => {
    const [one] = await found()
    return one?.[1] === 'Running' && one[2] === 1
  })
  expect((await found()).map(([id]) => id)).toEqual([serving])
})
