import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LineReader, toLine } from './json-lines.ts'
import { RoutesFile } from './routes-file.ts'

function aFile(): { path: string; file: RoutesFile } {
  const dir = mkdtempSync(join(tmpdir(), 'berth-routes-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'deeper', 'routes.ndjson')
  return { path, file: new RoutesFile(path) }
}

const change = (generation: number) => ({ type: 'change' as const, generation, upsert: [], removeServiceIds: ['s'] })

test('what was written is read, a torn last line left out, and only the owner may read it', () => {
  const { path, file } = aFile()
  expect(file.read()).toEqual([])
  file.writeSnapshot(3, [])
  file.append(change(4), 0)
  file.append(change(5), 0)
  appendFileSync(path, toLine(change(6)).slice(0, 20))
  expect(file.read().map(message => message.generation)).toEqual([3, 4, 5])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a file that does not begin with a snapshot is not believed', () => {
  const { path, file } = aFile()
  writeFileSync(path, `${toLine(change(1))}garbage\n`)
  expect(file.read()).toEqual([])
})

test('the file is written anew once its changes are many', () => {
  const { path, file } = aFile()
  file.writeSnapshot(1, [])
  let appended = 1
  while (!file.append(change(appended), 5)) appended++
  expect(appended).toBe(1_006)
  file.writeSnapshot(9, [])
  expect(readFileSync(path, 'utf8').split('\n').length).toBe(2)
})

test('lines are whole however they are cut, characters of many bytes too', () => {
  const lines: string[] = []
  const reader = new LineReader(line => lines.push(line))
  for (const byte of Buffer.from('{"a":"泊位"}\n\n{"b":1}\n{"c"')) reader.feed(Buffer.of(byte))
  expect(lines).toEqual(['{"a":"泊位"}', '{"b":1}'])
})
