import { expect, it } from 'vitest'
import { anInstance } from '../../test/services/rollout-fixtures.ts'
import { serviceStatus } from './service.ts'

const service = { desired: 'running' as const, replicas: 1, version: 1, restartGeneration: 0 }
const instances = [anInstance('a', { routedAtGeneration: 7n })]

const counted = (running: number) => ({ code: 'Counts', running, wanted: 1 })

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

it.each([
  ['a gateway does not obey the route of its instance yet', 6n, { status: 'Waiting', causes: [counted(0)] }],
  ['every gateway does', 7n, { status: 'Running', causes: [counted(1)] }],
  ['there is no gateway', null, { status: 'Running', causes: [counted(1)] }],
])('runs again once every gateway has the route, though nothing was begun: %s', (_, acknowledged, said) => {
  const input = { instances, lastEnd: null, service: { ...service, rollout: null } }
  expect(serviceStatus({ ...input, acknowledged })).toMatchObject(said)
})
