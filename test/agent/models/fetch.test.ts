import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { aFetcher, aMachineDir, bytesOf, onLoopback, quick, sha256Of } from './fetching.ts'
import { anOrigin } from './origin.ts'

const model = bytesOf('model', 3_000_000)

test('a model is fetched, is read-only, and is asked for again only to learn that it is the same', async () => {
  const origin = await anOrigin(model)
  const machine = aFetcher()
  const path = await machine.path(`${origin.url}/m.onnx`)
  expect(statSync(path).mode & 0o777).toBe(0o444)
  expect(machine.states[0]).toMatchObject({ receivedBytes: model.length, totalBytes: model.length, problem: null })
  expect(await machine.fetch(`${origin.url}/m.onnx`)).toBe(sha256Of(model))
  expect(origin.asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"one"'])
  expect(machine.cached()).toEqual([sha256Of(model)])
})

test('another file behind the same URL is fetched, and the old one stays for who uses it', async () => {
  const origin = await anOrigin(model)
  const machine = aFetcher()
  const before = await machine.path(`${origin.url}/m.onnx`)
  origin.file = bytesOf('newer', 1_000)
  origin.etag = '"two"'
  expect(await machine.fetch(`${origin.url}/m.onnx`)).toBe(sha256Of(origin.file))
  expect(statSync(before).size).toBe(model.length)
})

test('a model whose hash is given is not asked for again, from whichever URL', async () => {
  const origin = await anOrigin(model)
  const machine = aFetcher()
  for (const path of ['a', 'b', 'a']) {
    expect(await machine.fetch(`${origin.url}/${path}#sha256=${sha256Of(model)}`)).toBe(sha256Of(model))
  }
  expect(origin.asked).toHaveLength(1)
})

test('other bytes than the hash says are refused, and nothing of them stays', async () => {
  const origin = await anOrigin(model)
  const machine = aFetcher()
  const wrong = sha256Of(bytesOf('other', 1))
  await expect(machine.fetch(`${origin.url}/m?sign=secret#sha256=${wrong}`)).rejects.toThrow(
    `the model at ${origin.url}/m?… could not be fetched: its bytes have the SHA-256 ${sha256Of(model)}, not ${wrong}`,
  )
  expect(machine.cached()).toEqual([])
})

test.each([
  ['its ETag', '"one"', null],
  ['its date', null, 'Mon, 01 Jun 2026 08:00:00 GMT'],
])('after cuts the rest alone is fetched, by %s', async (_, etag, lastModified) => {
  const origin = Object.assign(await anOrigin(model), { etag, lastModified })
  origin.troubles = [{ cutAfter: 1_000_000 }, { cutAfter: 500_000 }, { answer: 503 }]
  const machine = aFetcher()
  expect(await machine.fetch(`${origin.url}/m`)).toBe(sha256Of(model))
  const [first, ...rest] = origin.asked.map(({ headers }) => ({ range: headers.range, if: headers['if-range'] }))
  expect(first).toEqual({ range: undefined, if: undefined })
  const validator = etag ?? lastModified
  const starts = rest.map(({ range }) => Number(/bytes=(\d+)-/.exec(range ?? '')?.[1]))
  expect(rest.every(asked => asked.if === validator)).toBe(true)
  // A cut takes with it what was on the way.
  const [second = 0, third = 0, fourth] = starts
  expect(second).toBeGreaterThan(0)
  expect(second).toBeLessThanOrEqual(1_000_000)
  expect(third).toBeGreaterThan(second)
  expect(third).toBeLessThanOrEqual(second + 500_000)
  expect(fourth).toBe(third)
  expect(machine.cached()).toEqual([sha256Of(model)])
})

test('a file that changed behind a cut is fetched anew, whole', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ cutAfter: 1_000_000 }]
  const newer = bytesOf('newer', 2_000_000)
  origin.refuse = req => {
    if (req.headers.range !== undefined) Object.assign(origin, { file: newer, etag: '"two"' })
    return null
  }
  expect(await aFetcher().fetch(`${origin.url}/m`)).toBe(sha256Of(newer))
})

test('a part whose server tells no validator is fetched anew, unless the hash will tell', async () => {
  const origin = Object.assign(await anOrigin(model), { etag: null })
  origin.troubles = [{ cutAfter: 1_000_000 }]
  expect(await aFetcher().fetch(`${origin.url}/m`)).toBe(sha256Of(model))
  origin.troubles = [{ cutAfter: 1_000_000 }]
  expect(await aFetcher().fetch(`${origin.url}/m#sha256=${sha256Of(model)}`)).toBe(sha256Of(model))
  const ranges = origin.asked.map(({ headers }) => headers.range)
  expect(ranges).toEqual([undefined, undefined, undefined, expect.stringMatching(/^bytes=[1-9]\d+-$/)])
})

test('parts of two files under one hash are found out, and the file is fetched anew', async () => {
  const other = bytesOf('other', model.length)
  const origin = Object.assign(await anOrigin(other), { etag: null })
  origin.troubles = [{ cutAfter: 1_000_000 }]
  origin.refuse = req => {
    if (req.headers.range !== undefined) origin.file = model
    return null
  }
  const machine = aFetcher()
  expect(await machine.fetch(`${origin.url}/m#sha256=${sha256Of(model)}`)).toBe(sha256Of(model))
  expect(origin.asked.map(({ headers }) => headers.range)).toEqual([
    undefined,
    expect.stringMatching(/^bytes=[1-9]\d+-$/),
    undefined,
  ])
})

test('a fetcher that starts again takes up the part that another left', async () => {
  const origin = await anOrigin(model)
  const machineDir = aMachineDir()
  origin.troubles = [{ stallAfter: 1_000_000 }]
  const first = aFetcher({}, machineDir)
  const giveUp = new AbortController()
  const given = first.fetch(`${origin.url}/m`, giveUp.signal)
  await expect.poll(() => first.states[0]?.receivedBytes).toBe(1_000_000)
  giveUp.abort(new Error('given up'))
  await expect(given).rejects.toThrow('given up')
  expect(await aFetcher({}, machineDir).fetch(`${origin.url}/m`)).toBe(sha256Of(model))
  expect(origin.asked.at(-1)?.headers.range).toBe('bytes=1000000-')
})

test('many at once share one fetch; who gives up stops it for none of the others', async () => {
  const origin = await anOrigin(model)
  const machine = aFetcher()
  const giveUp = new AbortController()
  const given = machine.path(`${origin.url}/m`, giveUp.signal)
  const others = Array.from({ length: 20 }, () => machine.fetch(`${origin.url}/m`))
  giveUp.abort(new Error('given up'))
  await expect(given).rejects.toThrow('given up')
  expect(new Set(await Promise.all(others))).toEqual(new Set([sha256Of(model)]))
  expect(origin.asked).toHaveLength(1)
})

test('a fetch that everybody gave up is asked for anew by the next', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ stallAfter: 1_000 }]
  const machine = aFetcher()
  const giveUp = new AbortController()
  const given = machine.fetch(`${origin.url}/m`, giveUp.signal)
  await expect.poll(() => machine.states[0]?.receivedBytes).toBe(1_000)
  giveUp.abort(new Error('given up'))
  await expect(given).rejects.toThrow('given up')
  expect(await machine.fetch(`${origin.url}/m`)).toBe(sha256Of(model))
})

test('a server that says nothing more is left after the idle time, and asked for the rest', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ stallAfter: 2_000_000 }]
  // On a busy host an answer may take that long: then it is asked for once more.
  const limits = { ...quick, idleMs: 300, failuresMax: 50 }
  expect(await aFetcher({ limits }).fetch(`${origin.url}/m`)).toBe(sha256Of(model))
  expect(origin.asked.at(-1)?.headers.range).toBe('bytes=2000000-')
})

test('a length that is not told is no obstacle', async () => {
  const origin = Object.assign(await anOrigin(model), { tellsLength: false })
  origin.troubles = [{ cutAfter: 1_000_000 }]
  const machine = aFetcher()
  expect(await machine.fetch(`${origin.url}/m`)).toBe(sha256Of(model))
  expect(machine.states[0]?.totalBytes).toBeNull()
})

test('what is not there is said at once, a server in trouble is tried so often and no more', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ answer: 404 }]
  await expect(aFetcher().fetch(`${origin.url}/m?key=secret`)).rejects.toMatchObject({
    code: 'ModelUnavailable',
    message: `the model at ${origin.url}/m?… could not be fetched: the server answered 404`,
  })
  expect(origin.asked).toHaveLength(1)
  origin.troubles = Array.from({ length: 9 }, () => ({ answer: 503 }))
  const machine = aFetcher()
  await expect(machine.fetch(`${origin.url}/m`)).rejects.toThrow(
    'could not be fetched: 3 tries in a row failed, the last: the server answered 503',
  )
  expect(machine.states[0]).toMatchObject({ failures: 3, problem: 'the server answered 503' })
  expect(origin.asked).toHaveLength(4)
})

test('a model that the machine has starts although its server is away, but not when it says that it is gone', async () => {
  const origin = await anOrigin(model)
  const machine = aFetcher()
  await machine.fetch(`${origin.url}/m`)
  origin.troubles = [{ answer: 500 }]
  expect(await machine.fetch(`${origin.url}/m`)).toBe(sha256Of(model))
  origin.troubles = [{ answer: 410 }]
  await expect(machine.fetch(`${origin.url}/m`)).rejects.toThrow('the server answered 410')
  await origin.close()
  expect(await machine.fetch(`${origin.url}/m`)).toBe(sha256Of(model))
})

test('a compressed answer is refused: its length and hash would be those of something else', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ answer: 200, headers: { 'content-encoding': 'gzip' }, body: 'x' }]
  await expect(aFetcher().fetch(`${origin.url}/m`)).rejects.toThrow('compressed (gzip)')
})

test('nothing of a query, a user or a store is in what is logged', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ answer: 500 }, { answer: 404 }]
  const lines: string[] = []
  const log = { warn: (...args: unknown[]) => lines.push(JSON.stringify(args)) } as never
  const settings = { ...onLoopback }
  await aFetcher({ log, settings })
    .fetch(`${origin.url}/m?X-Amz-Signature=secret`)
    .catch(() => {})
  expect(lines).toHaveLength(1)
  expect(lines.join()).toContain(`${origin.url}/m?…`)
  expect(lines.join()).not.toContain('secret')
})
