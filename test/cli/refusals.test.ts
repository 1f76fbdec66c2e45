// What people get wrong: the field, the reason and the way out on stderr, nothing on stdout, an exit code that says which
// kind it is, and nothing changed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Berth, run } from './berth.ts'

let host: Berth
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-refusals-'))
  host = await Berth.start()
})
afterAll(async () => {
  await host?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const buy = ['group', 'buy', 'vision', '--spec', 'host.small', '--yes']

describe('a purchase that can not be', () => {
  const cases: [what: string, args: string[], said: string[]][] = [
    ['no machines', [...buy, '--quantity', '0'], ['quantity', 'a whole number from 1 to 9999']],
    ['too many machines', [...buy, '--quantity', '10000'], ['quantity', 'a whole number from 1 to 9999']],
    ['part of a machine', [...buy, '--quantity', '1.5'], ['quantity', 'a whole number']],
    ['a number in words', [...buy, '--quantity', 'three'], ['quantity', 'got "three"']],
    ['months that are not sold', [...buy, '--months', '4'], ['months', '1, 2, 3, 6 or 12']],
    ['a disk below the free one', [...buy, '--disk', '199'], ['systemDiskGib', 'at least 200']],
    ['a disk too large', [...buy, '--disk', '2001'], ['systemDiskGib', 'at most 2000']],
    ['a spec that is not there', ['group', 'buy', 'a', '--spec', 'none', '--yes'], ['spec', 'host.small']],
    ['no spec', ['group', 'buy', 'a', '--yes'], ['spec', 'berth offerings']],
    ['a zone that is not there', [...buy, '--zone', 'mars'], ['zone', 'local-a']],
    ['a name too long', ['group', 'buy', 'x'.repeat(28), '--spec', 'host.small', '--yes'], ['groupName', '1 to 27']],
    ['postpaid for months', [...buy, '--postpaid', '--months', '1'], ['months', 'prepaid']],
    ['a group that is not there', ['group', 'add', 'none', '--spec', 'host.small', '--yes'], ['"none"', 'group list']],
    ['no consent and nobody to ask', ['group', 'buy', 'a', '--spec', 'host.small'], ['30.00 CNY', '--yes']],
    ['no money', buy, ['BalanceInsufficient', 'wallet top-up']],
  ]
  test.each(cases)('%s', async (_, args, said) => {
    const refused = await host.berth(...args)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    for (const text of said) expect(refused.stderr).toContain(text)
  })

  test('leaves no group, no order and no money moved', async () => {
    const [groups, orders, wallet] = await Promise.all([
      host.json<{ items: object[] }>('group', 'list'),
      host.json<{ items: object[] }>('order', 'list'),
      host.json<{ cashFen: string }>('wallet', 'show'),
    ])
    expect([groups.items, orders.items, wallet.cashFen]).toEqual([[], [], '0'])
  })
})

describe('other mistakes', () => {
  test.each([
    ['a machine that is not there', ['machine', 'drain', 'eas-i-none'], ['MachineNotFound', 'machine list']],
    ['a service that is not there', ['service', 'show', 'none'], ['ServiceNotFound', 'service list']],
    ['an order that is not there', ['order', 'show', 'ord-none'], ['OrderNotFound']],
    ['an amount in words', ['wallet', 'top-up', 'plenty'], ['amount', '99.50']],
    ['a top-up by the owner', ['wallet', 'top-up', '1', '--as', 'owner'], ['Forbidden', '--as operator']],
    ['a day that is none', ['bill', '--from', 'yesterday'], ['from', '2026-11-23']],
    ['a command that is none', ['machine', 'paint'], ["unknown command 'paint'"]],
    ['a file that is not there', ['service', 'deploy', 'none.json'], ['none.json', 'ENOENT']],
  ])('%s', async (_, args, said) => {
    const refused = await host.berth(...args)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    for (const text of said) expect(refused.stderr).toContain(text)
  })

  test('a broken service JSON is told with its line', async () => {
    const path = join(folder, 'broken.json')
    writeFileSync(path, '{\n  "metadata": {\n    "name": }\n}\n')
    expect(await host.berth('service', 'deploy', path)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${path}:3`),
    })
  })

  test('a purchase beyond the stock comes back as a refund with its reason, exit code 1', async () => {
    await host.json('wallet', 'top-up', '1000')
    const failed = await host.berth(...buy, '--quantity', '9')
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringMatching(/refunded +270\.00/) })
    expect(failed.stderr).toContain('InsufficientStock')
    expect(await host.json('wallet', 'show')).toMatchObject({ cashFen: '100000' })
  })
})

describe('a Berth that does not answer', () => {
  test('was never started here: exit code 3', async () => {
    const never = await run(['src/main.ts', 'group', 'list'], { BERTH_HOME: join(folder, 'never') })
    expect(never).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('berth up') })
    expect(await run(['src/main.ts', 'status'], { BERTH_HOME: join(folder, 'never') })).toMatchObject({ code: 3 })
  })

  test.each([
    [['diff'], 1],
    [['diff', '--group', 'vision'], 1],
    [['apply', '--yes'], 2],
    [['service', 'deploy', '--group', 'vision'], 2],
    [['service', 'update', 'digits'], 2],
  ])('is not asked for by `berth %s` of a file that is wrong', async (args, code) => {
    const path = join(folder, 'wrong.json')
    writeFileSync(path, '[1]')
    const refused = await run(['src/main.ts', ...args, path], { BERTH_HOME: join(folder, 'never') })
    expect(refused).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(path) })
  })

  test('is no difference to `berth diff`', async () => {
    const path = join(folder, 'right.json')
    writeFileSync(path, JSON.stringify({ metadata: { name: 'digits', resource: 'eas-r-1' } }))
    expect(await run(['src/main.ts', 'diff', path], { BERTH_HOME: join(folder, 'never') })).toMatchObject({
      ...{ code: 3, stdout: '', stderr: expect.stringContaining('berth up') },
    })
  })

  test('is not where the environment says: exit code 3', async () => {
    const key = { BERTH_ACCESS_KEY_ID: 'LTAIx', BERTH_ACCESS_KEY_SECRET: 'x', BERTH_API_URL: 'http://127.0.0.1:9' }
    expect(await run(['src/main.ts', 'whoami'], key)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('http://127.0.0.1:9'),
    })
  })

  test('help needs no server, and every command shows an example', async () => {
    const nouns = ['group', 'order', 'machine', 'service', 'wallet', 'account', 'user']
    const helps = await Promise.all(
      [['group', 'buy'], ['machine', 'drain'], ['invoke'], ['bill']].map(args => host.berth(...args, '--help')),
    )
    for (const help of helps) expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('$ berth ') })
    const all = await host.berth('--help')
    for (const noun of nouns) expect(all.stdout).toMatch(new RegExp(`^  ${noun} `, 'm'))
  })
})
