import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ServiceRoute } from '../../services/routes/route.ts'
import { LineReader, toLine } from '../control/json-lines.ts'
import { RoutesFile } from './routes-file.ts'

function aFile(): { path: string; file: RoutesFile } {
  const dir = mkdtempSync(join(tmpdir(), 'berth-routes-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'deeper', 'routes.ndjson')
  return { path, file: new RoutesFile(path) }
}

const change = (generation: number) => ({ type: 'change' as const, generation, upsert: [], removeServiceIds: ['s'] })
const limits = { requestTimeoutMs: 1000, rateLimit: 0, maxInFlight: 0, bodyMax: 1 }
const routes = (count: number): ServiceRoute[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ serviceId: `s${n}`, name: `n${n}`, accountId: '1', accessKeys: ['k'], endpoints: [], status: '', limits },
  }))
const rewrite = (file: RoutesFile, generation: number, services: ServiceRoute[], replaces: boolean) =>
  new Promise<unknown>(resolve => file.rewrite(generation, services, replaces, resolve))
const generationsIn = (path: string) => new RoutesFile(path).read().map(message => message.generation)

test('what was written is read, a torn last line cut off, and only the owner may read it', async () => {
  const { path, file } = aFile()
  expect(file.read()).toEqual([])
  expect(await rewrite(file, 3, [], true)).toBeNull()
  file.append(change(4), 0)
  file.append(change(5), 0)
  appendFileSync(path, toLine(change(6)).slice(0, 20))
  expect(generationsIn(path)).toEqual([3, 4, 5])
  file.append(change(7), 0)
  expect(generationsIn(path)).toEqual([3, 4, 5, 7])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a file that does not begin with a snapshot is not believed', () => {
  const { path, file } = aFile()
  writeFileSync(path, `${toLine(change(1))}garbage\n`)
  expect(file.read()).toEqual([])
})

test('the file is to be written anew once its changes are many, those of an earlier process among them', async () => {
  const { path, file } = aFile()
  await rewrite(file, 1, [], true)
  let appended = 1
  while (!file.append(change(appended), 5)) appended++
  expect(appended).toBe(1_006)
  const later = new RoutesFile(path)
  later.read()
  expect(later.append(change(appended + 1), 5)).toBe(true)
  await rewrite(later, 9, [], false)
  expect(readFileSync(path, 'utf8').split('\n').length).toBe(2)
})

test('a long snapshot is written in parts, what changes meanwhile is in the old file and in the new one', async () => {
  const { path, file } = aFile()
  await rewrite(file, 1, [], true)
  const written = rewrite(file, 1, routes(250), false)
  expect(generationsIn(path)).toEqual([1])
  file.append(change(2), 0)
  expect([generationsIn(path), file.replacing]).toEqual([[1, 2], false])
  expect(await written).toBeNull()
  const messages = file.read()
  expect(messages.map(({ type, generation }) => `${type} ${generation}`)).toEqual([
    ...['snapshot 1', 'snapshot 1', 'snapshot 1', 'change 2'],
  ])
  expect(messages.map(message => message.type === 'snapshot' && message.more === true)).toEqual([
    ...[true, true, false, false],
  ])
})

test('another state than that of the file leaves it as it was until it is written', async () => {
  const { path, file } = aFile()
  await rewrite(file, 1, [], true)
  const written = rewrite(file, 7, routes(250), true)
  expect(file.replacing).toBe(true)
  file.append(change(8), 0)
  expect(generationsIn(path)).toEqual([1])
  file.finish()
  expect([await written, file.replacing, generationsIn(path)]).toEqual([null, false, [7, 7, 7, 8]])
})

test('a later state is written instead of an earlier one, whose end nobody is told', async () => {
  const { path, file } = aFile()
  const ended: number[] = []
  file.rewrite(1, routes(250), true, () => ended.push(1))
  await rewrite(file, 2, routes(250), true)
  expect([ended, generationsIn(path)]).toEqual([[], [2, 2, 2]])
})

test('where the file cannot be written, the old one stays, and the next change is reason to try again', async () => {
  const { path, file } = aFile()
  await rewrite(file, 1, [], true)
  mkdirSync(`${path}.new`)
  expect(await rewrite(file, 2, [], true)).toMatchObject({ code: 'EISDIR' })
  expect([generationsIn(path), existsSync(path)]).toEqual([[1], true])
  rmSync(path)
  mkdirSync(path)
  expect(() => file.append(change(2), 0)).toThrow('EISDIR')
  rmSync(path, { recursive: true })
  expect(file.append(change(3), 0)).toBe(true)
})

test('lines are whole however they are cut, characters of many bytes too', () => {
  const lines: string[] = []
  const reader = new LineReader(line => lines.push(line))
  for (const byte of Buffer.from('{"a":"泊位"}\n\n{"b":1}\n{"c"')) reader.feed(Buffer.of(byte))
  expect(lines).toEqual(['{"a":"泊位"}', '{"b":1}'])
})
