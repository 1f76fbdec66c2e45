import { expect, it } from 'vitest'
import { isAwaited } from './routes.ts'

it.each([
  { instanceId: 'left', inFlight: 0, awaited: true },
  { instanceId: 'left', inFlight: 1, awaited: false },
  { instanceId: 'routed', inFlight: 0, awaited: false },
  { instanceId: 'routed', inFlight: 7, awaited: false },
])('a rollout waits for nothing in flight at what has left the routes, and for no other figure: %o', row => {
  expect(isAwaited(row, new Set(['routed']))).toBe(row.awaited)
})
