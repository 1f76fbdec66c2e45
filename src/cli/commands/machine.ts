import type { Operations } from '../../client/client.ts'
import { choice, given, groupIdOf, number } from '../arguments.ts'
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree, WaitingOptions } from '../command.ts'
import { WorkFailed } from '../failure.ts'
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
import { watch } from '../progress.ts'
import type { Session } from '../session.ts'
import { type Machine, machineHead, machineRow, printMachine } from './machine-view.ts'

type Drain = Operations['GET /v1/machines/{machineId}/drain']['returns']

interface ListOptions {
  group?: string
  zone?: string
  chargeType?: 'prepaid' | 'postpaid'
}

interface ReasonOptions {
  reason?: string
}

const reasonOption: [string, string] = ['--reason <text>', 'why; kept with the action']

export function addMachineCommands(tree: CommandTree): void {
  addReadingCommands(tree)
  addHoldCommands(tree)
  addDrainCommands(tree)
  tree.add<AskingOptions & ReasonOptions & { force?: boolean }>({
    usage: 'release <machine...>',
    summary: 'scale in: release machines, all or none',
    examples: ['berth machine release eas-i-… --yes'],
    options: [reasonOption, ['--force', 'stop what runs there, with grace']],
    asks: true,
    async run({ session, args: machineIds, options }) {
      await confirm(`Release ${plural(machineIds.length, 'machine')}? They end for good.`, options.yes)
      const body = { machineIds, ...given({ force: options.force, reason: options.reason }) }
      const accepted = await session.call('POST /v1/machines/release', { body })
      if (options.json) printJson(accepted)
      else say(`${plural(accepted.machineIds.length, 'machine')} released; billing has ended.`)
    },
  })
}

function addReadingCommands(tree: CommandTree): void {
  tree
    .add<ListOptions>({
      usage: 'list',
      summary: 'list machines',
      examples: ['berth machine list --group vision'],
      options: [
        ['--group <group>', 'only of this group'],
        ['--zone <id>', 'only in this zone'],
        ['--charge-type <type>', 'prepaid or postpaid', choice('charge-type', ['prepaid', 'postpaid'])],
      ],
      async run({ session, options }) {
        const groupId = options.group === undefined ? undefined : await groupIdOf(session, options.group)
        const query = given({ groupId, zoneId: options.zone, chargeType: options.chargeType })
        if (options.json) return printJson(await session.call('GET /v1/machines', { query: { ...query, limit: 500 } }))
        const rows: Cell[][] = []
        for await (const machine of session.pages('GET /v1/machines', { query })) rows.push(machineRow(machine))
        printTable(machineHead, rows, { right: ['VCPU USED', 'MEMORY USED'], empty: 'No machines there.' })
      },
    })
    .add({
      usage: 'show <machine>',
      summary: 'show a machine and what runs on it',
      examples: ['berth machine show eas-i-…'],
      async run({ session, args: [machineId = ''], options }) {
        const machine = await session.call('GET /v1/machines/{machineId}', { params: { machineId } })
        if (options.json) return printJson(machine)
        printMachine(machine)
        const { items } = await session.call('GET /v1/machines/{machineId}/instances', { params: { machineId } })
        printLine()
        const rows = items.map((one): Cell[] => [one.serviceName, one.serviceInstanceId, one.status, one.version])
        printTable(['SERVICE', 'SERVICE INSTANCE', 'STATUS', 'VERSION'], rows, { empty: 'Nothing runs on it.' })
      },
    })
}

const showChanged = (machine: Machine, json: boolean): void => {
  if (json) printJson(machine)
  else say(`${machine.machineId} is ${machine.status}.`)
}

function addHoldCommands(tree: CommandTree): void {
  tree
    .add<ReasonOptions>({
      usage: 'cordon <machine>',
      summary: 'take no new service instances; what runs stays',
      examples: ['berth machine cordon eas-i-… --reason "noisy fan"'],
      options: [reasonOption],
      async run({ session, args: [machineId = ''], options }) {
        const body = given({ reason: options.reason })
        showChanged(
          await session.call('POST /v1/machines/{machineId}/cordon', { params: { machineId }, body }),
          options.json,
        )
      },
    })
    .add({
      usage: 'uncordon <machine>',
      summary: 'lift what people hold, cancel the drain, take new service instances again',
      examples: ['berth machine uncordon eas-i-…'],
      async run({ session, args: [machineId = ''], options }) {
        showChanged(
          await session.call('POST /v1/machines/{machineId}/uncordon', { params: { machineId } }),
          options.json,
        )
      },
    })
}

function addDrainCommands(tree: CommandTree): void {
  tree
    .add<WaitingOptions & ReasonOptions & { deadline?: number }>({
      usage: 'drain <machine>',
      summary: 'move everything away, replacement first, without breaking a request',
      examples: ['berth machine drain eas-i-… --reason "new disk"'],
      options: [
        reasonOption,
        ['--deadline <seconds>', 'after this it is overdue and asks; 3600 by default', number('deadline')],
      ],
      waits: true,
      async run({ session, args: [machineId = ''], options }) {
        const body = given({ reason: options.reason, deadlineSeconds: options.deadline })
        const machine = await session.call('POST /v1/machines/{machineId}/drain', { params: { machineId }, body })
        if (!options.wait) return showChanged(machine, options.json)
        await showDrained(session, machineId, options)
      },
    })
    .add({
      usage: 'drain-show <machine>',
      summary: 'show the latest drain: its moves, what blocks it, its receipt',
      examples: ['berth machine drain-show eas-i-…'],
      async run({ session, args: [machineId = ''], options }) {
        const drain = await session.call('GET /v1/machines/{machineId}/drain', { params: { machineId } })
        if (options.json) printJson(drain)
        else printDrain(drain)
      },
    })
    .add({
      usage: 'drain-cancel <machine>',
      summary: 'end a drain; what has moved stays moved',
      examples: ['berth machine drain-cancel eas-i-…'],
      async run({ session, args: [machineId = ''], options }) {
        showChanged(
          await session.call('POST /v1/machines/{machineId}/drain/cancel', { params: { machineId } }),
          options.json,
        )
      },
    })
    .add<AskingOptions & WaitingOptions & ReasonOptions>({
      usage: 'drain-force <machine>',
      summary: 'stop what is left on a draining machine, with grace',
      examples: ['berth machine drain-force eas-i-… --reason "the power goes at noon" --yes'],
      options: [['--reason <text>', 'why; it goes into the receipt']],
      asks: true,
      waits: true,
      async run({ session, args: [machineId = ''], options }) {
        await confirm('Stop what is left there? Requests may break.', options.yes)
        const body = { reason: options.reason ?? '' }
        const machine = await session.call('POST /v1/machines/{machineId}/drain/force', { params: { machineId }, body })
        if (!options.wait) return showChanged(machine, options.json)
        await showDrained(session, machineId, options)
      },
    })
}

async function showDrained(
  session: Session,
  machineId: string,
  options: WaitingOptions & { json: boolean },
): Promise<void> {
  const drain = await watch({
    what: `the drain of ${machineId}`,
    timeoutMs: options.timeout * 1000,
    look: () => session.call('GET /v1/machines/{machineId}/drain', { params: { machineId } }),
    step(seen: Drain) {
      if (['drained', 'cancelled', 'aborted'].includes(seen.phase)) return null
      const waiting = seen.moves.find(move => move.movedAt === null && move.waitsFor !== null)
      const why = waiting?.waitsFor ? `: ${waiting.serviceName} waits, ${waiting.waitsFor.message}` : ''
      return {
        text: `service instances moved, ${seen.phase}${why}`,
        done: seen.receipt.moved,
        of: seen.receipt.instances,
      }
    },
  })
  if (options.json) printJson(drain)
  else printDrain(drain)
  if (drain.phase !== 'drained') throw new WorkFailed(`The drain was ${drain.phase}.`)
}

export function printDrain(drain: Drain): void {
  const { receipt } = drain
  printFields({
    drain: drain.drainId,
    machine: drain.machineId,
    phase: drain.phase,
    by: drain.actor,
    reason: drain.reason,
    started: timeText(drain.startedAt),
    ended: timeText(drain.endedAt),
    'service instances moved': `${receipt.moved} of ${receipt.instances}`,
    'requests served meanwhile': receipt.requestsServed,
    'requests failed': receipt.requestsFailed,
    'longest request': `${receipt.longestMs} ms`,
  })
  if (drain.moves.length === 0) return
  printLine()
  const rows = drain.moves.map((move): Cell[] => [
    move.serviceName,
    move.serviceInstanceId,
    move.toMachineId,
    move.movedAt === null ? (move.waitsFor?.message ?? 'waiting') : `moved ${timeText(move.movedAt)}`,
  ])
  printLine(tableText(['SERVICE', 'SERVICE INSTANCE', 'TO', 'STATE'], rows))
}

export type { Drain }
