// Services from a file by the command line: what it would change, the change, and the same file again.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Berth } from './berth.ts'
import { startWithGroup } from './simulated-group.ts'

let host: Berth

interface Wanted {
  cpu?: number
  instance?: number
  key?: string
}

/** blue by itself, green in a list of one. */
function file(blue: Wanted = {}, green: Wanted = {}): string {
  const json = (name: string, { cpu = 1, instance = 1, key = 'first s3cret' }: Wanted): object => ({
    metadata: { name, resource: 'main', cpu, memory: 512, instance },
    containers: [{ command: 'serve', env: [{ name: 'KEY', value: key }] }],
  })
  return write(`# ours\n${JSON.stringify(json('blue', blue))}\n---\n- ${JSON.stringify(json('green', green))}\n`)
}
function write(text: string): string {
  const path = join(host.home, 'services.yaml')
  writeFileSync(path, text)
  return path
}
const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1)

/** Name, version and wanted instances of each. */
async function services(): Promise<string[]> {
  const { items } = await host.json<{ items: { name: string; version: number; replicas: number }[] }>('service', 'list')
  return items.map(one => `${one.name} ${one.version} ${one.replicas}`).toSorted()
}

let relay: Server
let relayed: Berth
/** What happens just before the update of this service reaches the API. */
let meanwhile: { service: string; happens(): Promise<unknown> } | null = null

function startRelay(apiUrl: string): Promise<void> {
  relay = createServer((incoming, answer) => {
    const { method, url = '', headers } = incoming
    const pass = (): void => {
      const onward = request(new URL(url, apiUrl), { method, headers }, got => {
        answer.writeHead(got.statusCode ?? 500, got.headers)
        got.pipe(answer)
      })
      incoming.pipe(onward)
    }
    const now = method === 'PUT' && url === `/v1/services/${meanwhile?.service}` ? meanwhile : null
    if (now === null) return pass()
    meanwhile = null
    void now.happens().then(pass)
  })
  return new Promise(resolve => relay.listen(0, '127.0.0.1', resolve))
}

beforeAll(async () => {
  host = await startWithGroup()
  const { apiUrl } = JSON.parse(readFileSync(join(host.home, 'run', 'berth.json'), 'utf8')) as { apiUrl: string }
  await startRelay(apiUrl)
  relayed = host.as({ BERTH_API_URL: `http://127.0.0.1:${(relay.address() as AddressInfo).port}` })
})
afterAll(async () => {
  relay?.close()
  await host?.stop()
})

test('a file that is wrong is told by document and field, and nothing is done', async () => {
  const right = 'metadata: { name: blue, resource: main }\ncontainers: [{ command: serve }]\n'
  const cases = [
    ['metadata: { cpu: 1 }\n', 'document 2: metadata.name: is missing'],
    ['metadata: [\n', 'document 2: this is neither JSON nor YAML'],
    [right, 'document 2: metadata.name: blue is described in document 1 already'],
    [right.replace('name: blue', 'name: green, cpuu: 1'), 'document 2 (green): metadata.cpuu is not a field'],
    [right.replace('name: blue, resource: main', 'name: green, resource: none'), 'document 2 (green): '],
  ]
  for (const [text = '', said = ''] of cases) {
    const path = write(`${right}---\n${text}`)
    const [diff, apply] = await Promise.all([host.berth('diff', path), host.berth('apply', path, '--yes')])
    expect(diff).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(said) })
    expect(apply).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(said) })
  }
  expect(await services()).toEqual([])
})

test('what is new is planned, made after a yes, and unchanged the second time', async () => {
  const diff = await host.berth('diff', file())
  expect(diff).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/create green \(document 2, item 1\)\n +It fits/),
  })
  expect(lastLine(diff.stdout)).toBe('2 to create, 0 to update, 0 to scale, 0 unchanged.')
  const unasked = await host.berth('apply', file())
  expect(unasked).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('say so with --yes') })
  expect(await services()).toEqual([])
  const applied = await host.berth('apply', file(), '--yes')
  expect(applied).toMatchObject({ code: 0, stdout: expect.stringMatching(/blue +create +Running +1\/1/) })
  expect(applied.stdout).toMatch(/green +create +Running +1\/1/)
  const again = await host.json<{ unchanged: number; services: object[] }>('apply', file())
  expect(again).toMatchObject({ create: 0, update: 0, scale: 0, unchanged: 2, services: [{}, {}] })
  expect(JSON.stringify(again)).not.toContain('s3cret')
  const same = await host.berth('diff', file())
  expect(same.code).toBe(0)
  expect(lastLine(same.stdout)).toBe('0 to create, 0 to update, 0 to scale, 2 unchanged.')
  expect(await services()).toEqual(['blue 1 1', 'green 1 1'])
})

test('a changed field is an update, a changed count a scaling; no secret is told', async () => {
  const changed = file({ cpu: 2, key: 'second s3cret' }, { instance: 2 })
  const [text, json] = await Promise.all([host.berth('diff', changed), host.berth('diff', changed, '--json')])
  expect([text.code, json.code]).toEqual([2, 2])
  for (const said of [
    'update blue (document 1)\n  metadata.cpu: 1 → 2',
    'containers[0].env[0].value: (not shown) → (not shown), another one',
    'version 2: 1 instance replaced, 1 at once',
    'scale green (document 2, item 1)\n  metadata.instance: 1 → 2\n  2 instances wanted: 1 instance more',
  ])
    expect(text.stdout).toContain(said)
  expect(text.stdout + json.stdout).not.toContain('s3cret')
  expect(JSON.parse(json.stdout)).toMatchObject({ create: 0, update: 1, scale: 1, unchanged: 0 })
  expect(await host.berth('apply', changed, '--yes')).toMatchObject({ code: 0 })
  expect(await services()).toEqual(['blue 2 1', 'green 1 2'])
  expect((await host.berth('diff', changed)).code).toBe(0)
})

test('each is asked with the room that those before it take', async () => {
  // 4 of 8 vCPU are free: enough for either, and not for both.
  const both = file({ cpu: 2, key: 'second s3cret', instance: 3 }, { instance: 3 })
  const { stdout } = await host.berth('diff', both)
  expect(stdout).toMatch(/scale blue .*\n.*\n.*2 instances more\n +It fits now\./)
  expect(stdout).toMatch(/scale green .*\n.*\n.*1 instance more\n +It does not fit: 1 of 1 instance finds no place\./)
  const refused = await host.berth('apply', both, '--yes')
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('green: there is no room') })
  expect(await services()).toEqual(['blue 2 1', 'green 1 2'])
})

test('what does not fit names what to buy, and waits only if that is said', async () => {
  const large = file({ cpu: 2, key: 'second s3cret' }, { instance: 12 })
  const diff = await host.berth('diff', large)
  expect(diff).toMatchObject({ code: 2, stdout: expect.stringContaining('It does not fit: ') })
  expect(diff.stdout).toMatch(/buy 1 × sim\.c8 in east-a, 2\.40 in 24 hours: berth group add eas-r-\w+ --spec sim\.c8/)
  const refused = await host.berth('apply', large, '--yes')
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--may-wait') })
  expect(await services()).toEqual(['blue 2 1', 'green 1 2'])
  const waiting = await host.berth('apply', large, '--yes', '--may-wait', '--no-wait')
  expect(waiting).toMatchObject({ code: 0, stdout: expect.stringMatching(/green +scale +\w+ +\d+\/12/) })
  expect(await services()).toEqual(['blue 2 1', 'green 1 12'])
  await host.json('apply', file({ cpu: 2, key: 'second s3cret' }, { instance: 1 }), '--yes')
})

test('a world that changed meanwhile stops it, and what is done and what is not is said', async () => {
  const plan = (cpu: number) => file({ cpu, key: 'second s3cret' }, { key: `${cpu} s3cret` })
  const other = join(host.home, 'other.json')
  writeFileSync(other, JSON.stringify({ metadata: { memory: 768 } }))
  const happens = () => host.json('service', 'update', 'green', other)
  meanwhile = { service: 'green', happens }
  const stopped = await relayed.berth('apply', plan(1), '--yes')
  expect(stopped).toMatchObject({ code: 1, stdout: '' })
  expect(stopped.stderr).toContain('Done: blue. Not done: green.')
  expect(stopped.stderr).toContain('WorldChanged: document 2, item 1 (green): ')
  expect(await services()).toEqual(['blue 3 1', 'green 2 1'])
  meanwhile = { service: 'blue', happens: () => host.json('service', 'scale', 'blue', '2') }
  const first = await relayed.berth('apply', plan(2), '--yes')
  expect(first).toMatchObject({ code: 2, stderr: expect.stringContaining('Done: nothing. Not done: blue, green.') })
  expect(await services()).toEqual(['blue 3 2', 'green 2 1'])
})
