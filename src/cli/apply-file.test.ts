import { describe, expect, test } from 'vitest'
import { messageOf } from '../lib/errors.ts'
import { readDescribed } from './apply-file.ts'

function read(text: string): unknown {
  try {
    return readDescribed(text, 'FILE').map(({ where, name }) => [where, name])
  } catch (error) {
    return messageOf(error)
  }
}

describe('the services of a file', () => {
  test('are those of every document and list, as YAML or JSON, with tabs too', () => {
    const yaml = '# ours\nmetadata: { name: blue }\n---\n- metadata:\n    name: green\n- metadata.name: red\n---\n'
    const [blue, green, red] = [
      ['document 1', 'blue'],
      ['document 2, item 1', 'green'],
      ['document 2, item 2', 'red'],
    ]
    expect(read(yaml)).toEqual([blue, green, red])
    expect(read('{\n\t"metadata": {\n\t\t"name": "blue"\n\t}\n}')).toEqual([blue])
    expect(read('[{"name":"blue"}]')).toEqual([['document 1, item 1', 'blue']])
  })

  test('dotted names are read as the server reads them', () => {
    const [one] = readDescribed('metadata.name: blue\nmetadata.rpc.keepalive: 5\n', 'FILE')
    expect(one?.config).toEqual({ metadata: { name: 'blue', rpc: { keepalive: 5 } } })
  })

  test('what is none is refused with its document, the field and the way out', () => {
    expect(read('metadata: { name: blue }\n---\nmetadata: [\n')).toMatch(
      /^FILE: document 2: this is neither JSON nor YAML: .+ at line \d/,
    )
    expect(read('metadata: { name: blue }\n---\nblue\n')).toBe(
      'FILE: document 2: a service JSON is an object with "metadata"',
    )
    expect(read('metadata: { name: blue }\n---\nmetadata: { cpu: 1 }\n')).toBe(
      'FILE: document 2: metadata.name: is missing: give the service its name',
    )
    expect(read('[{"name":"blue"},{"name":"green"},{"name":"blue"}]')).toBe(
      'FILE: document 1, item 3: metadata.name: blue is described in document 1, item 1 already: keep one of them',
    )
    expect(read('name: blue\nmetadata: { cpu: 1 }\nmetadata.cpu: 2\n')).toBe(
      'FILE: document 1: metadata.cpu is given twice',
    )
    expect(read('a: &a [x]\nb: *c\n')).toMatch(/^FILE: document 1: .+alias/i)
    for (const empty of ['', '---\n', '[]', '# nothing\n']) {
      expect(read(empty)).toBe('FILE: names no service: give one service JSON a document, or a list of them')
    }
  })
})
