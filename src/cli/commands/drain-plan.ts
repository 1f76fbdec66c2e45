// Drain plans from the command line: made, followed, paused, resumed, called off.
import type { Operations } from '../../client/client.ts'
import { choice, given, groupIdOf, number } from '../arguments.ts'
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree } from '../command.ts'
import { refuse } from '../failure.ts'
import {
  type Cell,
  plural,
  printFields,
  printJson,
  printLine,
  printTable,
  say,
  tableText,
  timeText,
} from '../output.ts'
import type { Session } from '../session.ts'

type Plan = Operations['GET /v1/drain-plans/{planId}']['returns']
type Window = Plan['windows'][number]

interface PlanOptions {
  machine?: string[]
  zone?: string
  spec?: string
  batch?: number
  deadline?: number
  afterwards?: 'hold' | 'return'
  window?: Window[]
  timeZone?: string
  reason?: string
}

const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** `mon-fri 22:00-04:00`, `sat,sun 00:00-06:00`. */
function windowOf(text: string): Window {
  const [, days = '', from = '', to = ''] = /^(\S+)\s+(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text.trim().toLowerCase()) ?? []
  const numbers = days.split(',').flatMap(part => {
    const [first = '', last = first] = part.split('-')
    const [begin, end] = [dayNames.indexOf(first), dayNames.indexOf(last)]
    return begin < 0 || end < begin ? [Number.NaN] : dayNames.slice(begin, end + 1).map((_, index) => begin + index + 1)
  })
  if (days === '' || numbers.some(Number.isNaN))
    throw refuse('InvalidArgument', `window: expected one like "mon-fri 22:00-04:00", got "${text}"`, 'window')
  return { days: numbers, from, to }
}

const gather =
  <Value>(read: (text: string) => Value) =>
  (text: string, before: Value[] | undefined): Value[] => [...(before ?? []), read(text)]

const windowText = ({ days, from, to }: Window): string =>
  `${days.map(day => dayNames[day - 1]).join(',')} ${from}-${to}`

const planOptions = [
  ['--machine <id>', 'one of the machines; may be repeated. All of the group by default', gather(text => text)],
  ['--zone <id>', 'those of a zone'],
  ['--spec <id>', 'those of a spec'],
  ['--batch <count>', 'machines at a time, 1 by default', number('batch')],
  ['--deadline <seconds>', 'of each drain; 3600 by default', number('deadline')],
  ['--afterwards <what>', 'hold (default) or return', choice('afterwards', ['hold', 'return'] as const)],
  ['--window <window>', 'when a batch may begin, as "mon-fri 22:00-04:00"; may be repeated', gather(windowOf)],
  ['--time-zone <zone>', 'of the windows; the billing zone by default'],
  ['--reason <text>', 'why; kept with each drain'],
] as never

async function bodyOf(session: Session, group: string, options: PlanOptions) {
  return {
    groupId: await groupIdOf(session, group),
    ...given({ machineIds: options.machine, zoneId: options.zone, specId: options.spec, batchSize: options.batch }),
    ...given({ deadlineSeconds: options.deadline, afterwards: options.afterwards, windows: options.window }),
    ...given({ timeZone: options.timeZone, reason: options.reason }),
  }
}

export function addDrainPlanCommands(tree: CommandTree): void {
  tree
    .add<PlanOptions & AskingOptions>({
      usage: 'create <group>',
      summary: 'drain machines of a group one batch after the other, within windows',
      examples: [
        'berth drain-plan create vision --batch 2 --window "mon-fri 22:00-04:00" --reason "new kernel"',
        'berth drain-plan create vision --zone local-a --afterwards return --yes',
      ],
      options: planOptions,
      asks: true,
      async run({ session, args: [group = ''], options }) {
        const body = await bodyOf(session, group, options)
        const { batches } = await session.call('POST /v1/drain-plans/preview', { body })
        await confirm(
          `Drain ${plural(batches.flat().length, 'machine')} in ${batches.length} ${batches.length === 1 ? 'batch' : 'batches'}?`,
          options.yes,
        )
        show(await session.call('POST /v1/drain-plans', { body }), options.json)
      },
    })
    .add<PlanOptions>({
      usage: 'preview <group>',
      summary: 'say what a plan would do, and do nothing',
      examples: ['berth drain-plan preview vision --batch 2'],
      options: planOptions,
      async run({ session, args: [group = ''], options }) {
        const body = await bodyOf(session, group, options)
        const preview = await session.call('POST /v1/drain-plans/preview', { body })
        if (options.json) return printJson(preview)
        const rows = preview.batches.map((ids, index): Cell[] => [index + 1, ids.join(' ')])
        printTable(['BATCH', 'MACHINES'], rows, { empty: 'No machine.' })
        const { services } = preview.firstBatch
        for (const { name, instances } of services) {
          const homeless = instances.filter(one => one.noRoom !== null).length
          say(
            `${name}: ${instances.length} would move with the first batch${homeless > 0 ? `, ${homeless} find no room` : ''}.`,
          )
        }
        say(preview.opensAt ? `It would begin at ${timeText(preview.opensAt)}.` : 'It would begin now.')
      },
    })
    .add<{ group?: string }>({
      usage: 'list',
      summary: 'list drain plans, newest first',
      examples: ['berth drain-plan list', 'berth drain-plan list --group vision'],
      options: [['--group <group>', 'of this group']],
      async run({ session, options }) {
        const query = options.group === undefined ? {} : { groupId: await groupIdOf(session, options.group) }
        const { items } = await session.call('GET /v1/drain-plans', { query })
        if (options.json) return printJson(items)
        const rows = items.map((plan): Cell[] => [
          ...[plan.planId, plan.groupId, plan.phase, progressOf(plan), timeText(plan.createdAt), plan.reason],
        ])
        printTable(['PLAN', 'GROUP', 'PHASE', 'DRAINED', 'CREATED', 'REASON'], rows, { empty: 'No drain plans.' })
      },
    })
    .add({
      usage: 'show <plan>',
      summary: 'show a plan: its progress, what it asks or waits for, what each drain did',
      examples: ['berth drain-plan show plan-…'],
      async run({ session, args: [planId = ''], options }) {
        show(await session.call('GET /v1/drain-plans/{planId}', { params: { planId } }), options.json)
      },
    })
  addTurns(tree)
}

function addTurns(tree: CommandTree): void {
  const turns = [
    ['pause', 'begin no further batch; what is draining goes on', 'POST /v1/drain-plans/{planId}/pause'],
    ['resume', 'go on with the next batch, without what was not emptied', 'POST /v1/drain-plans/{planId}/resume'],
    ['cancel', 'end a plan and its drains under way', 'POST /v1/drain-plans/{planId}/cancel'],
  ] as const
  for (const [verb, summary, operation] of turns)
    tree.add({
      usage: `${verb} <plan>`,
      summary,
      examples: [`berth drain-plan ${verb} plan-…`],
      async run({ session, args: [planId = ''], options }) {
        show(await session.call(operation, { params: { planId } }), options.json)
      },
    })
}

const progressOf = ({ machines }: Plan): string =>
  `${machines.filter(machine => machine.phase === 'drained').length} of ${machines.length}`

function show(plan: Plan, json: boolean): void {
  if (json) printJson(plan)
  else print(plan)
}

function print(plan: Plan): void {
  printFields({
    plan: plan.planId,
    group: plan.groupId,
    phase: plan.phase,
    by: plan.by.name,
    reason: plan.reason,
    drained: progressOf(plan),
    'at a time': plan.batchSize,
    afterwards: plan.afterwards,
    windows: plan.windows.length === 0 ? 'any time' : `${plan.windows.map(windowText).join('; ')} (${plan.timeZone})`,
    created: timeText(plan.createdAt),
    ended: timeText(plan.endedAt),
    ...(plan.waitsFor ? { 'waits for': `${plan.waitsFor.code} ${timeText(plan.waitsFor.opensAt)}`.trim() } : {}),
    ...Object.fromEntries(
      plan.asks.map(({ code, machineId }, index) => [`asks ${index + 1}`, `${code}: ${machineId}`]),
    ),
  })
  printLine()
  const rows = plan.machines.map((machine): Cell[] => [
    ...[machine.batch, machine.machineId, machine.phase, `${machine.moved} of ${machine.instances}`],
    ...[machine.requestsServed, machine.requestsFailed, machine.note ?? timeText(machine.endedAt)],
  ])
  printLine(tableText(['BATCH', 'MACHINE', 'PHASE', 'MOVED', 'SERVED', 'FAILED', 'ENDED'], rows))
}
