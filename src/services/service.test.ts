import { expect, it } from 'vitest'
import { anInstance } from '../../test/services/rollout-fixtures.ts'
import { serviceStatus } from './service.ts'

const service = { desired: 'running' as const, replicas: 1, version: 1, restartGeneration: 0 }
const instances = [anInstance('a', { routedAtGeneration: 7n })]

it.each([
  ['create', 'Creating'],
  ['update', 'Updating'],
  ['scale', 'Scaling'],
] as const)('is not said to run while a gateway may not have the route of what was begun: %s', (kind, status) => {
  const begun = { kind, fromVersion: null, startedAt: '' }
  const input = { instances, lastEnd: null }
  expect(serviceStatus({ ...input, service: { ...service, rollout: begun } })).toMatchObject({ status })
  expect(serviceStatus({ ...input, service: { ...service, rollout: null } })).toMatchObject({ status: 'Running' })
})
