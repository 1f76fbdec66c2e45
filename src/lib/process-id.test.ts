import { expect, it } from 'vitest'
import { instanceIdOf, processIdOf } from './process-id.ts'

it.each([
  ['digits-0a', 0, 'digits-0a'],
  ['digits-0a', 1, 'digits-0a_1'],
  ['my-2-digits-0a', 12, 'my-2-digits-0a_12'],
])('the process of %s after %i restarts is %s, and tells whose it is', (serviceInstanceId, restartCount, processId) => {
  expect(processIdOf({ serviceInstanceId, restartCount })).toBe(processId)
  expect(instanceIdOf(processId)).toBe(serviceInstanceId)
})
