// What gateways carried, in Prometheus' text format: a family at a time, its services in a row. A long text comes in parts, so
// that whoever makes it can do something else in between.
import type { Counter, Gauge } from './service-traffic.ts'
import type { Total, TrafficTotals } from './traffic-totals.ts'

interface Family {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  /** Lines of one service; `labels` are those that name it. */
  lines(total: Total, labels: string): string[]
}

const prefix = 'berth_gateway'
/** Every second power of two: of 41 buckets thirteen, from 1 ms to 65 s. */
const shownBuckets = [0, 4, 8, 12, 14, 16, 18, 20, 22, 24, 26, 28, 32]

const counter = (name: string, help: string, of: Counter, divisor = 1): Family => ({
  ...{ name: `${prefix}_${name}_total`, help, type: 'counter' },
  lines: ({ counts }, labels) => [`${prefix}_${name}_total{${labels}} ${counts[of] / divisor}`],
})

const gauge = (totals: TrafficTotals, name: string, help: string, of: Gauge): Family => ({
  ...{ name: `${prefix}_${name}`, help, type: 'gauge' },
  lines: ({ serviceId }, labels) => [`${prefix}_${name}{${labels}} ${totals.gauge(serviceId, of)}`],
})

const answers: Family = {
  ...{ name: `${prefix}_answers_total`, help: 'Requests that have ended, by the class of the status', type: 'counter' },
  lines: (total, labels) =>
    [1, 2, 3, 4, 5].map(digit => `${prefix}_answers_total{${labels},class="${digit}xx"} ${total.answers[digit] ?? 0}`),
}

const durations: Family = {
  name: `${prefix}_request_duration_seconds`,
  help: 'From the request to the end of its answer, of answers that were whole',
  type: 'histogram',
  lines({ latency, counts }, labels) {
    const name = `${prefix}_request_duration_seconds`
    const upTo = (bucket: number): number => latency.slice(0, bucket + 1).reduce((sum, count) => sum + count, 0)
    const count = upTo(latency.length)
    return [
      ...shownBuckets.map(bucket => `${name}_bucket{${labels},le="${2 ** (bucket / 2) / 1_000}"} ${upTo(bucket)}`),
      `${name}_bucket{${labels},le="+Inf"} ${count}`,
      `${name}_sum{${labels}} ${counts.lastedMs / 1_000}`,
      `${name}_count{${labels}} ${count}`,
    ]
  },
}

const familiesOf = (totals: TrafficTotals): Family[] => [
  counter('requests', 'Requests with a right key', 'requests'),
  answers,
  counter('request_failures', "Not answered whole for a reason that is not the client's", 'failed'),
  counter('request_aborts', 'Left by the client before the answer was whole', 'aborted'),
  counter('requests_refused', 'Answered 408 for a slow body, 413, 429 or 450', 'refused'),
  counter('requests_over_rate', 'Of those refused: over the rate (429)', 'overRate'),
  counter('requests_over_queue', 'Of those refused: over what may be in flight and wait (450)', 'overQueue'),
  counter('request_retries', 'Taken to another instance before anything was written', 'retried'),
  counter('received_bytes', 'Of requests that have ended, heads included', 'bytesIn'),
  counter('sent_bytes', 'Of answers that have ended, heads included', 'bytesOut'),
  counter('mirrored_requests', 'Copies made of requests', 'mirrored'),
  counter('mirrored_requests_failed', 'Copies without a whole answer below 500', 'mirrorFailed'),
  counter('mirrored_requests_skipped', 'Copies that were left out', 'mirrorSkipped'),
  counter('instance_ejections', 'Instances left out because what went there failed', 'ejections'),
  gauge(totals, 'instances_ejected', 'Instances left out now, summed over gateways', 'ejected'),
  gauge(totals, 'requests_in_flight', 'Requests under way', 'inFlight'),
  gauge(totals, 'requests_queued', 'Of those in flight: waiting for an instance to have room', 'queued'),
  gauge(totals, 'requests_waiting', 'Of those in flight: waiting for an instance to come', 'waiting'),
  durations,
]

const servicesAtOnce = 500

/** `nameOf`: of a service that is routed. Every part ends with a line. */
export function* trafficText(totals: TrafficTotals, nameOf: (serviceId: string) => string | null): Generator<string> {
  const rows = totals.totals().map(total => ({ total, labels: labelsOf(total.serviceId, nameOf) }))
  for (const { name, help, type, lines } of familiesOf(totals)) {
    yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (let from = 0; from < rows.length; from += servicesAtOnce) {
      const part = rows.slice(from, from + servicesAtOnce).flatMap(({ total, labels }) => lines(total, labels))
      yield `${part.join('\n')}\n`
    }
  }
  yield gatewaysText(totals)
}

function labelsOf(serviceId: string | null, nameOf: (serviceId: string) => string | null): string {
  if (serviceId === null) return 'service="_other",service_id=""'
  return `service="${escaped(nameOf(serviceId) ?? '')}",service_id="${escaped(serviceId)}"`
}

function gatewaysText(totals: TrafficTotals): string {
  const gateways = totals.gateways()
  const heard = gateways.flatMap(({ gatewayId, word }) => (word === null ? [] : [{ label: labelOf(gatewayId), word }]))
  const family = (name: string, help: string, type: string, lines: string[]): string =>
    `# HELP ${prefix}_${name} ${help}\n# TYPE ${prefix}_${name} ${type}\n${lines.map(line => `${prefix}_${name}${line}\n`).join('')}`
  return [
    family(
      ...(['connected', '1 while the gateway is connected to this control', 'gauge'] as const),
      gateways.map(({ gatewayId, connected }) => `{${labelOf(gatewayId)}} ${connected ? 1 : 0}`),
    ),
    family(
      ...(['open_connections', 'Connections of clients', 'gauge'] as const),
      heard.map(({ label, word }) => `{${label}} ${word.connections}`),
    ),
    family(
      ...(['own_answers_total', 'Answers to requests for which no service was asked', 'counter'] as const),
      heard.flatMap(({ label, word }) =>
        [2, 4, 5].map(digit => `{${label},class="${digit}xx"} ${word.answers[digit] ?? 0}`),
      ),
    ),
    family(
      ...(['access_log_lines_total', 'Lines of the access log that were written', 'counter'] as const),
      heard.map(({ label, word }) => `{${label}} ${word.logged}`),
    ),
    family(
      ...(['access_log_dropped_total', 'Lines of the access log that were left out', 'counter'] as const),
      heard.map(({ label, word }) => `{${label}} ${word.logDropped}`),
    ),
  ].join('')
}

const labelOf = (gatewayId: string): string => `gateway="${escaped(gatewayId)}"`
const escaped = (text: string): string => text.replace(/[\\"\n]/g, char => (char === '\n' ? '\\n' : `\\${char}`))
