import { expect, test } from 'vitest'
import { changesOf } from './changes.ts'

test('what differs is told by its field, whatever is deep in an object or in the containers', () => {
  const before = { metadata: { cpu: 1, memory: 512, rpc: { keepalive: 5 } }, containers: [{ command: 'a', port: 1 }] }
  const after = { metadata: { cpu: 2, memory: 512, gpu: 1 }, containers: [{ command: 'b', port: 1 }] }
  expect(changesOf(before, after)).toEqual([
    { field: 'metadata.cpu', before: 1, after: 2 },
    { field: 'metadata.gpu', before: undefined, after: 1 },
    { field: 'metadata.rpc', before: { keepalive: 5 }, after: undefined },
    { field: 'containers[0].command', before: 'a', after: 'b' },
  ])
})

test('a list of plain values changes as one, and the same differs in nothing', () => {
  const [change] = changesOf({ a: ['x', 'y'] }, { a: ['x'] })
  expect(change).toEqual({ field: 'a', before: ['x', 'y'], after: ['x'] })
  expect(changesOf({ a: [{ b: 1 }] }, { a: [{ b: 1 }] })).toEqual([])
  expect(changesOf({ a: [{ b: 1 }, { c: 2 }] }, { a: [{ b: 1 }] })).toEqual([
    { field: 'a[1]', before: { c: 2 }, after: undefined },
  ])
})
