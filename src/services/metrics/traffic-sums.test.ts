import { expect, test } from 'vitest'
import { TrafficSums } from './traffic-sums.ts'

const word = (requests: number) => ({
  ...{ serviceId: 'eas-m-1', requests, failed: 0, aborted: 0, refused: 0, inFlight: 0, waiting: 0 },
  latency: [requests],
})
const requestsIn = (sums: TrafficSums) => {
  const { figures, whole } = sums.take()
  return { requests: figures.get('eas-m-1')?.requests ?? 0, whole }
}

function steady(): TrafficSums {
  const sums = new TrafficSums()
  sums.onConnect('gw-1')
  sums.onHeartbeat('gw-1', [word(100)])
  sums.take()
  return sums
}

test('a gateway that takes the place of another is counted from its first request, the other to its last', () => {
  const sums = steady()
  sums.onConnect('gw-2', true)
  sums.onHeartbeat('gw-2', [word(7)])
  sums.onHeartbeat('gw-1', [word(103)])
  sums.onDisconnect('gw-1', true)
  expect(sums.heard).toEqual(new Set(['gw-1', 'gw-2']))
  expect(requestsIn(sums)).toEqual({ requests: 10, whole: true })
  expect(sums.heard).toEqual(new Set(['gw-1', 'gw-2']))
  sums.onHeartbeat('gw-2', [word(9)])
  expect(requestsIn(sums)).toEqual({ requests: 2, whole: true })
  expect(sums.heard).toEqual(new Set(['gw-2']))
})

test('one that may have served before it was heard, or after, leaves the step unknown', () => {
  const joined = steady()
  joined.onConnect('gw-2')
  joined.onHeartbeat('gw-2', [word(7)])
  expect(requestsIn(joined)).toEqual({ requests: 0, whole: false })
  const lost = steady()
  lost.onDisconnect('gw-1')
  lost.onConnect('gw-2', true)
  expect(requestsIn(lost).whole).toBe(false)
  expect(lost.heard).toEqual(new Set(['gw-2']))
})
