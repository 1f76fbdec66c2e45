import { expect, test } from 'vitest'
import { pauseMs } from './again.ts'
import { isNewer } from './objects.ts'
import { nodes, pathOf, pods, replicaSets } from './resources.ts'

test.each([
  ['the first pause is short', 1, null, 1, 200],
  ['it doubles', 3, null, 1, 800],
  ['it has an end', 30, null, 1, 8_000],
  ['chance takes up to half of it', 3, null, 0, 400],
  ['what the server asks for is the least', 1, 5_000, 0, 5_000],
  ['and not all come at its very end', 9, 5_000, 1, 5_200],
])('%s', (_, failures, asked, share, expected) => {
  expect(pauseMs(failures, asked, share)).toBe(expected)
})

test.each([
  ['10', '9', true],
  ['9', '10', false],
  ['9007199254740993', '9007199254740992', true],
  ['5', '5', false],
  ['5', undefined, true],
  [undefined, '5', false],
])('version %s is newer than %s: %s', (version, than, expected) => {
  expect(isNewer(version, than)).toBe(expected)
})

test.each([
  [pathOf(nodes), '/api/v1/nodes'],
  [pathOf(pods, { namespace: 'ns', name: 'p' }, 'log'), '/api/v1/namespaces/ns/pods/p/log'],
  [pathOf(replicaSets, { namespace: 'ns' }), '/apis/apps/v1/namespaces/ns/replicasets'],
  [pathOf(replicaSets), '/apis/apps/v1/replicasets'],
  [pathOf(nodes, { name: 'a/b' }), '/api/v1/nodes/a%2Fb'],
])('%s', (path, expected) => {
  expect(path).toBe(expected)
})
