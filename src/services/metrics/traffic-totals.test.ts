import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { ServiceTraffic } from './service-traffic.ts'
import { trafficText } from './traffic-text.ts'
import { TrafficTotals } from './traffic-totals.ts'

const aWord = (serviceId: string, requests: number, parts: Partial<ServiceTraffic> = {}): ServiceTraffic => ({
  ...{ serviceId, requests, failed: 0, aborted: 0, refused: 0, overRate: 0, overQueue: 0, inFlight: 0, queued: 0 },
  ...{ waiting: 0, mirrored: 0, mirrorFailed: 0, mirrorSkipped: 0, latency: [0, 0, requests] },
  detail: {
    ...{
      retried: 0,
      ejections: 0,
      ejected: 0,
      bytesIn: requests * 10,
      bytesOut: requests * 20,
      lastedMs: requests * 2,
    },
    answers: [0, 0, requests, 0, 0, 0],
  },
  ...parts,
})
const nobody = { connections: 3, answers: [0, 0, 1, 0, 7, 0], logged: 2, logDropped: 1 }
const requestsOf = (totals: TrafficTotals, serviceId: string | null) =>
  totals.totals().find(total => total.serviceId === serviceId)?.counts.requests

function heard(servicesMax: number) {
  const totals = new TrafficTotals(servicesMax)
  const says = (gatewayId: string, ...words: ServiceTraffic[]) => totals.onHeartbeat(gatewayId, words, nobody)
  return { totals, says }
}

test('counting begins with the first word of a gateway that ran before, and goes on over its connections', () => {
  const { totals, says } = heard(10)
  totals.onConnect({ gatewayId: 'g', pid: 1 }, false)
  says('g', aWord('a', 100))
  says('g', aWord('a', 103))
  totals.onDisconnect('g', false)
  totals.onConnect({ gatewayId: 'g', pid: 1 }, false)
  says('g', aWord('a', 110))
  expect(requestsOf(totals, 'a')).toBe(10)
})

test('a gateway that was started anew has counted from zero, and no counter falls', () => {
  const { totals, says } = heard(10)
  totals.onConnect({ gatewayId: 'g', pid: 1 }, false)
  says('g', aWord('a', 0))
  says('g', aWord('a', 50))
  totals.onConnect({ gatewayId: 'g', pid: 2 }, false)
  says('g', aWord('a', 4))
  expect(requestsOf(totals, 'a')).toBe(54)
})

test('one that has just been started is counted from zero, and one that has ended is told of no more', () => {
  const { totals, says } = heard(10)
  totals.onConnect({ gatewayId: 'g', pid: 1 }, true)
  says('g', aWord('a', 6, { inFlight: 2 }))
  expect([requestsOf(totals, 'a'), totals.gateways().length]).toEqual([6, 1])
  totals.onDisconnect('g', true)
  expect([requestsOf(totals, 'a'), totals.gauge('a', 'inFlight'), totals.gateways()]).toEqual([6, 0, []])
})

test('so many services are counted by themselves, the first that are asked; the others together', () => {
  const { totals, says } = heard(2)
  totals.onConnect({ gatewayId: 'g', pid: 1 }, false)
  says('g', ...['a', 'b', 'c', 'd'].map(id => aWord(id, 0)))
  // Nobody asks this one, so it takes no place.
  says('g', aWord('a', 0))
  says('g', aWord('b', 1), aWord('c', 2, { inFlight: 1 }), aWord('d', 4, { inFlight: 3 }))
  expect(totals.totals().map(({ serviceId, counts }) => [serviceId, counts.requests])).toEqual([
    ...[
      ['b', 1],
      ['c', 2],
      [null, 4],
    ],
  ])
  expect([totals.gauge('c', 'inFlight'), totals.gauge(null, 'inFlight')]).toEqual([1, 3])
  totals.forget(['b'])
  says('g', aWord('d', 9))
  // What was counted with the others stays there.
  expect([requestsOf(totals, 'd'), requestsOf(totals, null), requestsOf(totals, 'b')]).toEqual([5, 4, undefined])
})

test('a gateway of an older version is counted by what it says', () => {
  const { totals, says } = heard(10)
  totals.onConnect({ gatewayId: 'g', pid: 1 }, false)
  const { detail: _, ...old } = aWord('a', 3)
  says('g', { ...old, requests: 0, latency: [] })
  says('g', old)
  expect(totals.totals()[0]).toMatchObject({ counts: { requests: 3, bytesIn: 0 }, answers: [0, 0, 0, 0, 0, 0] })
})

test('the text is what Prometheus takes, buckets add up, and its size is bounded by the services told of', () => {
  const { totals, says } = heard(1_000)
  totals.onConnect({ gatewayId: 'g"1', pid: 1 }, false)
  const ids = Array.from({ length: 10_000 }, (_, n) => `eas-m-${n}`)
  says('g"1', ...ids.map(id => aWord(id, 0)))
  says('g"1', ...ids.map(id => aWord(id, 2)))
  const text = [...trafficText(totals, id => `name_${id.slice(6)}`)].join('')
  const one = text.split('\n').filter(line => line.includes('service_id="eas-m-7"'))
  expect(one.length).toBeLessThan(40)
  expect(one).toContain('berth_gateway_requests_total{service="name_7",service_id="eas-m-7"} 2')
  expect(one).toContain('berth_gateway_answers_total{service="name_7",service_id="eas-m-7",class="2xx"} 2')
  const buckets = one.filter(line => line.includes('_bucket')).map(line => Number(line.split(' ')[1]))
  expect(buckets).toEqual(buckets.toSorted((a, b) => a - b))
  expect(one).toContain('berth_gateway_request_duration_seconds_count{service="name_7",service_id="eas-m-7"} 2')
  expect(text).toContain('berth_gateway_requests_total{service="_other",service_id=""} 18000')
  expect(text).toContain('berth_gateway_own_answers_total{gateway="g\\"1",class="4xx"} 7')
  expect(text.split('\n').length).toBeLessThan(1_002 * 40)
  // Every line is a comment, or a sample as the format has it.
  const sample = /^[a-z_]+\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\} [0-9.e+-]+$/
  for (const line of text.trimEnd().split('\n')) if (!line.startsWith('# ')) expect(line).toMatch(sample)
  const promtool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
  if (promtool.error === undefined) expect(promtool.stderr + promtool.stdout).toBe('')
})
