// Draining from the command line: begun, followed to its receipt, called back, forced.
import type { Operations } from '../../client/client.ts'
import { given, number } from '../arguments.ts'
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree, WaitingOptions } from '../command.ts'
import { WorkFailed } from '../failure.ts'
import { type Cell, printFields, printJson, printLine, tableText, timeText } from '../output.ts'
import { watch } from '../progress.ts'
import type { Session } from '../session.ts'
import {
  asPreviewed,
  type DryRunOptions,
  dryRunOption,
  type PreviewedOptions,
  previewOption,
  showPreview,
} from './machine-preview.ts'
import { showChanged } from './machine-view.ts'

type Drain = Operations['GET /v1/machines/{machineId}/drain']['returns']

interface ReasonOptions {
  reason?: string
}

export function addDrainCommands(tree: CommandTree): void {
  tree
    .add<WaitingOptions & ReasonOptions & PreviewedOptions & { deadline?: number }>({
      usage: 'drain <machine>',
      summary: 'move everything away, replacement first, without breaking a request',
      examples: ['berth machine drain eas-i-… --dry-run', 'berth machine drain eas-i-… --reason "new disk"'],
      options: [
        ['--reason <text>', 'why; kept with the action'],
        dryRunOption,
        previewOption,
        ['--deadline <seconds>', 'after this it is overdue and asks; 3600 by default', number('deadline')],
      ],
      waits: true,
      async run({ session, args: [machineId = ''], options }) {
        if (options.dryRun) return showPreview(session, 'drain', [machineId], options)
        const body = {
          ...given({ reason: options.reason, deadlineSeconds: options.deadline }),
          ...asPreviewed(options),
        }
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
    .add<DryRunOptions>({
      usage: 'drain-cancel <machine>',
      summary: 'end a drain; what has moved stays moved',
      examples: ['berth machine drain-cancel eas-i-…'],
      options: [dryRunOption],
      async run({ session, args: [machineId = ''], options }) {
        if (options.dryRun) return showPreview(session, 'cancelDrain', [machineId], options)
        showChanged(
          await session.call('POST /v1/machines/{machineId}/drain/cancel', { params: { machineId } }),
          options.json,
        )
      },
    })
    .add<AskingOptions & WaitingOptions & ReasonOptions & PreviewedOptions>({
      usage: 'drain-force <machine>',
      summary: 'stop what is left on a draining machine, with grace',
      examples: ['berth machine drain-force eas-i-… --reason "the power goes at noon" --yes'],
      options: [['--reason <text>', 'why; it goes into the receipt'], dryRunOption, previewOption],
      asks: true,
      waits: true,
      async run({ session, args: [machineId = ''], options }) {
        if (options.dryRun) return showPreview(session, 'forceDrain', [machineId], options)
        await confirm('Stop what is left there? Requests may break.', options.yes)
        const body = { reason: options.reason ?? '', ...asPreviewed(options) }
        const machine = await session.call('POST /v1/machines/{machineId}/drain/force', { params: { machineId }, body })
        if (!options.wait) return showChanged(machine, options.json)
        await showDrained(session, machineId, options)
      },
    })
  addDeadlineCommand(tree)
  addOverrideCommand(tree)
}

function addDeadlineCommand(tree: CommandTree): void {
  tree.add<DryRunOptions & { deadline?: number }>({
    usage: 'drain-deadline <machine>',
    summary: 'set another deadline for a drain: one that is overdue waits on',
    examples: ['berth machine drain-deadline eas-i-… --deadline 7200'],
    options: [dryRunOption, ['--deadline <seconds>', 'counted from now; 3600 by default', number('deadline')]],
    async run({ session, args: [machineId = ''], options }) {
      if (options.dryRun) return showPreview(session, 'extendDrain', [machineId], options)
      const body = given({ deadlineSeconds: options.deadline })
      showChanged(
        await session.call('PUT /v1/machines/{machineId}/drain/deadline', { params: { machineId }, body }),
        options.json,
      )
    },
  })
}

function addOverrideCommand(tree: CommandTree): void {
  tree.add<AskingOptions & ReasonOptions & DryRunOptions>({
    usage: 'drain-override <machine>',
    summary: 'let what finds no room elsewhere go without a replacement, its requests finished',
    examples: ['berth machine drain-override eas-i-… --reason "the rack moves tonight" --yes'],
    options: [['--reason <text>', 'why; kept with your name'], dryRunOption],
    asks: true,
    async run({ session, args: [machineId = ''], options }) {
      if (options.dryRun) return showPreview(session, 'overrideDrain', [machineId], options)
      await confirm('Let its services have fewer instances than they ask for, or none?', options.yes)
      const body = { reason: options.reason ?? '' }
      showChanged(
        await session.call('POST /v1/machines/{machineId}/drain/override', { params: { machineId }, body }),
        options.json,
      )
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
    ...(drain.override ? { 'floor overridden': `${drain.override.by.name}: ${drain.override.reason}` } : {}),
    started: timeText(drain.startedAt),
    ended: timeText(drain.endedAt),
    'service instances moved': `${receipt.moved} of ${receipt.instances}`,
    'requests served meanwhile': receipt.requestsServed,
    'requests in flight at its start': receipt.inFlightAtStart,
    'requests failed': receipt.requestsFailed,
    'longest request': `${receipt.longestMs} ms`,
    'streams waited for': receipt.streamsWaitedFor,
    'streams cut off': receipt.streamsCut,
  })
  if (drain.moves.length === 0) return
  printLine()
  const rows = drain.moves.map((move): Cell[] => [
    move.serviceName,
    move.serviceInstanceId,
    move.toMachineId,
    move.movedAt === null ? (move.waitsFor?.message ?? 'waiting') : `moved ${timeText(move.movedAt)}`,
    move.movedAt === null ? timeText(move.waitsSince) : null,
    move.ownerName.name,
  ])
  printLine(tableText(['SERVICE', 'SERVICE INSTANCE', 'TO', 'STATE', 'SINCE', 'DEPLOYED BY'], rows))
}

export type { Drain }
