// How a service scales by itself, and what is measured of it.
import { choice, given, number } from '../arguments.ts'
import type { CommandTree } from '../command.ts'
import { refuse } from '../failure.ts'
import { type Cell, printFields, printJson, printLine, printTable, say, timeText } from '../output.ts'
import type { Session } from '../session.ts'

const metrics = ['qps', 'concurrency', 'cpu', 'memory', 'gpu'] as const
type Metric = (typeof metrics)[number]

interface PolicyOptions extends Partial<Record<Metric, number>> {
  min: number
  max: number
  upWindow?: number
  downWindow?: number
  zeroAfter?: number
}

const unit: Record<Metric, string> = { qps: '/s', concurrency: '', cpu: '%', memory: '%', gpu: '%' }
const rounded = (value: number): string => String(Math.round(value * 10) / 10)

export function addServiceAutoscaleCommands(tree: CommandTree): void {
  tree
    .add<PolicyOptions>({
      usage: 'autoscale <service>',
      summary: 'let a service scale by itself; the metric that asks for most instances counts',
      examples: [
        'berth service autoscale digits --min 1 --max 8 --qps 20',
        'berth service autoscale digits --min 0 --max 4 --concurrency 2',
      ],
      options: [
        ['--min <count>', 'at least so many; 0: to zero, and a request wakes it', number('min')],
        ['--max <count>', 'at most so many', number('max')],
        ['--qps <rate>', 'requests a second that one instance carries', number('qps')],
        ['--concurrency <count>', 'requests in flight that one instance carries', number('concurrency')],
        ['--cpu <percent>', 'of what one instance has', number('cpu')],
        ['--memory <percent>', 'of what one instance has', number('memory')],
        ['--gpu <percent>', 'of its busiest card', number('gpu')],
        ['--up-window <seconds>', 'more only once all of this time asked for it (0)', number('up-window')],
        ['--down-window <seconds>', 'fewer only once all of this time asked for it (300)', number('down-window')],
        ['--zero-after <seconds>', 'without a request until the last instances go (600)', number('zero-after')],
      ],
      async run({ session, args: [service = ''], options }) {
        const { min, max } = options
        for (const [field, value] of Object.entries({ min, max })) {
          if (value === undefined) throw refuse('InvalidArgument', `${field}: is missing; give --min and --max`, field)
        }
        const body = { min, max, scaleStrategies: strategiesOf(options), behavior: behaviorOf(options) }
        const set = await session.call('PUT /v1/services/{service}/autoscaler', { params: { service }, body })
        if (options.json) printJson(set)
        else say(`${set.name} scales by itself between ${set.min} and ${set.max} instances.`)
      },
    })
    .add({
      usage: 'autoscaler <service>',
      summary: 'show how a service scales by itself, and what was decided last',
      examples: ['berth service autoscaler digits'],
      run: ({ session, args: [service = ''], options }) => showAutoscaler(session, service, options.json),
    })
    .add({
      usage: 'autoscale-off <service>',
      summary: 'scale a service by hand from now on; its count stays as it is',
      examples: ['berth service autoscale-off digits'],
      async run({ session, args: [service = ''], options }) {
        const found = await session.call('DELETE /v1/services/{service}/autoscaler', { params: { service } })
        if (options.json) printJson(found)
        else say(`${found.name} stays at ${found.replicas} instances; scale it with \`berth service scale\`.`)
      },
    })
    .add<{ span: 'hour' | 'day' }>({
      usage: 'metrics <service>',
      summary: 'show requests, latency, CPU and memory of a service over time',
      examples: ['berth service metrics digits', 'berth service metrics digits --span day --json'],
      options: [
        ['--span <span>', 'hour (by ten seconds) or day (by minutes)', choice('span', ['hour', 'day'] as const)],
      ],
      run: ({ session, args: [service = ''], options }) => showMetrics(session, service, options),
    })
}

const strategiesOf = (options: PolicyOptions) =>
  metrics.flatMap(metricName => {
    const threshold = options[metricName]
    return threshold === undefined ? [] : [{ metricName, threshold }]
  })

const behaviorOf = ({ upWindow, downWindow, zeroAfter }: PolicyOptions) => ({
  scaleUp: given({ stabilizationWindowSeconds: upWindow }),
  scaleDown: given({ stabilizationWindowSeconds: downWindow }),
  onZero: given({ scaleDownGracePeriodSeconds: zeroAfter }),
})

async function showAutoscaler(session: Session, service: string, json: boolean): Promise<void> {
  const found = await session.call('GET /v1/services/{service}/autoscaler', { params: { service } })
  if (json) {
    printJson(found)
    return
  }
  const { verdict, behavior } = found
  printFields({
    service: found.name,
    instances: `${found.replicas}, between ${found.min} and ${found.max}`,
    'held at least at': found.floor === 0 ? null : String(found.floor),
    'more after': `${behavior.scaleUp.stabilizationWindowSeconds} s`,
    'fewer after': `${behavior.scaleDown.stabilizationWindowSeconds} s`,
    'to zero after': found.min === 0 ? `${behavior.onZero.scaleDownGracePeriodSeconds} s without a request` : null,
    'last decision': verdict === null ? 'none yet' : `${verdict.code}, ${timeText(found.decidedAt)}`,
    'the metrics ask for': verdict?.advised ?? null,
    'requests waiting': verdict && verdict.waiting > 0 ? verdict.waiting : null,
  })
  if (found.scaleStrategies.length === 0) return
  printLine()
  const rows = found.scaleStrategies.map(({ metricName, threshold }): Cell[] => {
    const word = verdict?.metrics.find(one => one.metric === metricName)
    const value = word?.value ?? null
    return [
      metricName,
      value === null ? 'not known' : rounded(value) + unit[metricName],
      threshold + unit[metricName],
      word?.replicas ?? null,
    ]
  })
  printTable(['METRIC', 'OF ONE INSTANCE', 'TARGET', 'INSTANCES'], rows, {
    right: ['OF ONE INSTANCE', 'TARGET', 'INSTANCES'],
    empty: '',
  })
}

/** About as many lines as a terminal has. */
const linesMax = 24

async function showMetrics(
  session: Session,
  service: string,
  { json, span = 'hour' }: { json: boolean; span?: 'hour' | 'day' },
): Promise<void> {
  const found = await session.call('GET /v1/services/{service}/metrics', { params: { service }, query: { span } })
  if (json) {
    printJson(found)
    return
  }
  const length = found.qps.length
  const known = found.qps.flatMap((value, index) => (value === null ? [] : [index]))
  const from = Temporal.Instant.from(found.from)
  const text = (value: number | null | undefined): Cell =>
    value === null || value === undefined ? null : rounded(value)
  const sum = (index: number, name: 'cpuMilli' | 'memoryMib', per: number): Cell => {
    const values = found.instances.flatMap(one => one[name][index] ?? [])
    return values.length === 0 ? null : rounded(values.reduce((total, value) => total + value, 0) / per)
  }
  const rows = known
    .slice(-linesMax)
    .map((index): Cell[] => [
      timeText(from.add({ seconds: index * found.stepSeconds }).toString()),
      text(found.qps[index]),
      text(found.failed[index]),
      text(found.inFlight[index]),
      text(found.latencyMs.p50[index]),
      text(found.latencyMs.p99[index]),
      sum(index, 'cpuMilli', 1_000),
      sum(index, 'memoryMib', 1_024),
    ])
  const headings = ['AT', 'REQUESTS/S', 'FAILED/S', 'IN FLIGHT', 'P50 MS', 'P99 MS', 'CPU CORES', 'MEMORY GIB']
  printTable(headings, rows, { right: headings.slice(1), empty: `Nothing was measured in the last ${span}.` })
  if (known.length > linesMax)
    printLine(`The last ${linesMax} of ${known.length} steps known of ${length}; --json has all.`)
}
