import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { messageOf } from '../lib/errors.ts'
import { readServiceFile } from './service-file.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-service-file-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(text: string, groupId: string | null = null): unknown {
  const path = join(folder, 'service.json')
  writeFileSync(path, text)
  try {
    return readServiceFile(path, groupId)
  } catch (error) {
    return messageOf(error).replace(`${path}`, 'FILE')
  }
}

describe('a service JSON from a file', () => {
  test('a relative model is one beside the file; an absolute one and a URL stay', () => {
    expect(read('{"model_path":"./m.onnx"}')).toEqual({ model_path: join(folder, 'm.onnx') })
    expect(read('{"model_path":"/srv/m.onnx"}')).toEqual({ model_path: '/srv/m.onnx' })
    expect(read('{"model_path":"file:///srv/m.onnx"}')).toEqual({ model_path: 'file:///srv/m.onnx' })
  })

  test('the group that is named takes the place of the one in the file, beside what else is there', () => {
    expect(read('{"metadata":{"name":"a","resource":"eas-r-1"}}', 'eas-r-2')).toEqual({
      metadata: { name: 'a', resource: 'eas-r-2' },
    })
    expect(read('{}', 'eas-r-2')).toEqual({ metadata: { resource: 'eas-r-2' } })
  })

  test.each([
    ['{\n  "metadata": {\n    "name": }\n}\n', 3],
    ['{\n  "a": 1,\n}', 3],
    ['{\n  "a": tru\n}', 2],
    ['{\n  "a": 1\n', 2],
    ['{"a": "no end\n}', 1],
    ['{} {}', 1],
    ['', 1],
  ])('a mistake is told with its line: %j', (text, line) => {
    expect(read(text)).toMatch(new RegExp(`^FILE:${line}: `))
  })

  test('anything but an object is refused', () => {
    expect(read('[]')).toBe('FILE: a service JSON is an object with "metadata"')
  })
})
