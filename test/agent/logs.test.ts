import { appendFileSync, cpSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Logs, logDefaults } from '../../src/agent/logs.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { anAgent, aPlaceForAgent, collect, ended, ready, runs, serves, type TestAgent, until } from './harness.ts'

/** Runs a program to its end. */
async function afterEnd(agent: TestAgent, script: string): Promise<void> {
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(script) }))
  await ended(agent, 'one')
}

const counts = (to: number, from = 1) => Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`)
const never = () => new AbortController().signal

test('stdout and stderr are one log, which is read by id after the end and after it was forgotten', async () => {
  const agent = await anAgent()
  await afterEnd(agent, `console.log('out'); console.error('err'); process.stdout.write('no newline')`)
  const page = { lines: ['out', 'err', 'no newline'], offset: 0, nextOffset: 18 }
  expect(await agent.client.logs('one')).toEqual(page)
  await agent.client.forget('one')
  expect(await agent.client.logs('one')).toEqual(page)
  await expect(agent.client.logs('two')).rejects.toMatchObject({ code: 'ServiceInstanceNotFound' })
})

test('the tail is the last lines, pages go on where the last one ended', async () => {
  const agent = await anAgent()
  await afterEnd(agent, `for (let n = 1; n <= 2000; n++) console.log('line ' + n)`)
  expect((await agent.client.logs('one')).lines).toEqual(counts(2000, 1501))
  expect((await agent.client.logs('one', { limit: 3 })).lines).toEqual(counts(2000, 1998))
  const seen: string[] = []
  for (let offset = 0; ; ) {
    const page = await agent.client.logs('one', { offset, limit: 700 })
    expect(page.offset).toBe(offset)
    if (page.lines.length === 0) break
    seen.push(...page.lines)
    offset = page.nextOffset
  }
  expect(seen).toEqual(counts(2000))
  expect((await agent.client.logs('one', { keyword: 'line 19', limit: 3 })).lines).toEqual(counts(1999, 1997))
  expect((await agent.client.logs('one', { keyword: 'line 19', offset: 0, limit: 2 })).lines).toEqual([
    'line 19',
    'line 190',
  ])
  await expect(agent.client.logs('one', { limit: 5_001 })).rejects.toMatchObject({ details: { field: 'limit' } })
  await expect(agent.client.logs('one', { offset: -1 })).rejects.toMatchObject({ details: { field: 'offset' } })
})

test('following gives each line as it comes, and ends with the last byte of the service', async () => {
  const agent = await anAgent()
  const script = `console.log('begun')
    require('http').createServer((req, res) => { console.log('asked ' + req.url); res.end() }).listen(process.env.PORT)
    process.on('SIGTERM', () => { for (let n = 1; n <= 5000; n++) console.log('line ' + n); process.exitCode = 0
      process.stdout.write('the last', () => process.exit()) })`
  const { port } = await agent.client.ensure(agent.spec({ id: 'one', argv: runs(script) }))
  await ready(agent, 'one')
  const lines = agent.client.follow('one', never())[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('begun')
  await fetch(`http://127.0.0.1:${port}/picture`, { headers: { connection: 'close' } })
  expect((await lines.next()).value).toBe('asked /picture')
  await agent.client.stop('one', { drainMs: 0, graceMs: 10_000 })
  const rest = await collect({ [Symbol.asyncIterator]: () => lines })
  expect(rest).toEqual([...counts(5000), 'the last'])
  expect(await collect(agent.client.follow('one', never(), { limit: 1 }))).toEqual(['the last'])
  expect(await collect(agent.client.follow('one', never(), { offset: 0, keyword: 'asked' }))).toEqual([
    'asked /picture',
  ])
})

test('a follower that goes away stops following', async () => {
  const agent = await anAgent()
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(`console.log('begun'); ${serves}`) }))
  await ready(agent, 'one')
  const controller = new AbortController()
  const lines = agent.client.follow('one', controller.signal)[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('begun')
  controller.abort()
  expect(await lines.next()).toEqual({ done: true, value: undefined })
})

const rotations = process.platform === 'linux' ? (['in-place', 'copy'] as const) : (['copy'] as const)

test.each(rotations)('a long log is kept short %s while it is written, and its offsets go on', async rotation => {
  const [fileBytes, files] = [64 * 1024, 3]
  const agent = await anAgent({ logs: { fileBytes, files, rotation } })
  // 100 lines of 100 bytes every 20 ms, until 6,000 are out; then one more, so that the end is seen whatever was lost.
  const script = `let n = 0; const timer = setInterval(() => {
      for (let i = 0; i < 100; i++) console.log(('line ' + ++n + ' ').padEnd(99, '.'))
      if (n === 6000) { clearInterval(timer); setInterval(() => console.log('done'), 1000) } }, 20); ${serves}`
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(script) }))
  const following = collect(agent.client.follow('one', never(), { offset: 0 }))
  await until('the end', async () => (await agent.client.logs('one', { limit: 1 })).lines[0] === 'done')
  await until('what is kept is short', async () => {
    const [oldest, newest] = [await agent.client.logs('one', { offset: 0, limit: 1 }), await agent.client.logs('one')]
    return newest.nextOffset - oldest.offset <= fileBytes * files
  })
  const blocks = readdirSync(join(agent.stateDir, 'logs', 'one')).map(
    name => statSync(join(agent.stateDir, 'logs', 'one', name)).blocks,
  )
  expect(blocks.reduce((a, b) => a + b, 0) * 512).toBeLessThan(fileBytes * (files + 1))
  await agent.client.stop('one', { drainMs: 0, graceMs: 5_000 })
  await ended(agent, 'one')
  const numbers = (await following).flatMap(line => /^line (\d+)/.exec(line)?.[1] ?? []).map(Number)
  expect(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))).toBe(true)
  if (rotation === 'copy') return // It may lose what is written while the file is cut.
  expect(numbers.at(-1)).toBe(6_000)
  // An offset told before is the same line afterwards.
  expect((await agent.client.logs('one', { offset: 5_999 * 100 })).lines.slice(0, 2)).toEqual([
    'line 6000 '.padEnd(99, '.'),
    'done',
  ])
})

test('a line over 64 KiB comes in pieces of that length, characters whole', async () => {
  const agent = await anAgent()
  await afterEnd(agent, `console.log('泊'.repeat(50_000)); console.log('after')`)
  const { lines } = await agent.client.logs('one', { offset: 0 })
  expect(lines.at(-1)).toBe('after')
  expect(lines.slice(0, -1).join('')).toBe('泊'.repeat(50_000))
  expect(Math.max(...lines.map(line => Buffer.byteLength(line)))).toBeLessThanOrEqual(64 * 1024)
  expect(lines).toHaveLength(4)
})

test('logs outlive their service for the time and within the bytes they are given, the oldest end goes first', async () => {
  const { directory } = aPlaceForAgent()
  const clock = new ManualClock('2026-01-01T00:00:00Z')
  const logs = new Logs(join(directory, 'logs'), { ...logDefaults, retainHours: 48, totalBytes: 250 }, clock)
  for (const id of ['first', 'second', 'third']) {
    logs.open(id, null)
    logs.note(id, 'x'.repeat(99))
    logs.end(id)
    clock.advance({ hours: 1 })
  }
  logs.open('live', null)
  logs.note('live', 'x'.repeat(999))
  const kept = () => ['first', 'second', 'third', 'live'].filter(id => logs.has(id))
  logs.sweep(new Set(['live']))
  expect(kept()).toEqual(['second', 'third', 'live'])
  clock.advance({ hours: 46, minutes: 30 })
  logs.sweep(new Set(['live']))
  expect(kept()).toEqual(['third', 'live'])
  clock.advance({ hours: 100 })
  logs.sweep(new Set(['live']))
  expect(kept()).toEqual(['live'])
})

test('a rotation that was cut off between its two steps is undone, no line twice', async () => {
  const { directory } = aPlaceForAgent()
  const clock = new ManualClock('2026-01-01T00:00:00Z')
  const logs = new Logs(directory, logDefaults, clock)
  logs.open('one', null)
  logs.note('one', counts(1000).join('\n'))
  const own = join(directory, 'one')
  cpSync(join(own, 'current.log'), join(own, '0000000000000000.log'))
  appendFileSync(join(own, 'current.log'), 'after\n')
  expect((await logs.page('one', { offset: 0, limit: 5000 })).lines).toHaveLength(2001)
  const again = new Logs(directory, logDefaults, clock)
  expect((await again.page('one', { offset: 0, limit: 5000 })).lines).toEqual([...counts(1000), 'after'])
})
