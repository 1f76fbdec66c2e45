import { choice, given, groupIdOf } from '../arguments.ts'
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree } from '../command.ts'
import { type Cell, plural, printJson, printLine, printTable, say, timeText } from '../output.ts'
import { addDrainCommands } from './machine-drain.ts'
import {
  asPreviewed,
  type DryRunOptions,
  dryRunOption,
  type PreviewedOptions,
  previewOption,
  showPreview,
} from './machine-preview.ts'
import { machineHead, machineRow, printMachine, showChanged } from './machine-view.ts'

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
  addFreezesCommand(tree)
  addHoldCommands(tree)
  addDrainCommands(tree)
  tree.add<AskingOptions & ReasonOptions & PreviewedOptions & { force?: boolean }>({
    usage: 'release <machine...>',
    summary: 'scale in: release machines, all or none',
    examples: ['berth machine release eas-i-… --dry-run', 'berth machine release eas-i-… --yes'],
    options: [reasonOption, dryRunOption, previewOption, ['--force', 'stop what runs there, with grace']],
    asks: true,
    async run({ session, args: machineIds, options }) {
      if (options.dryRun) return showPreview(session, 'release', machineIds, options)
      await confirm(`Release ${plural(machineIds.length, 'machine')}? They end for good.`, options.yes)
      const body = { machineIds, ...given({ force: options.force, reason: options.reason }), ...asPreviewed(options) }
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

function addHoldCommands(tree: CommandTree): void {
  tree
    .add<ReasonOptions & DryRunOptions>({
      usage: 'cordon <machine>',
      summary: 'take no new service instances; what runs stays',
      examples: ['berth machine cordon eas-i-… --reason "noisy fan"'],
      options: [reasonOption, dryRunOption],
      async run({ session, args: [machineId = ''], options }) {
        if (options.dryRun) return showPreview(session, 'cordon', [machineId], options)
        const body = given({ reason: options.reason })
        showChanged(
          await session.call('POST /v1/machines/{machineId}/cordon', { params: { machineId }, body }),
          options.json,
        )
      },
    })
    .add<DryRunOptions>({
      usage: 'uncordon <machine>',
      summary: 'lift what people hold, cancel the drain, take new service instances again',
      examples: ['berth machine uncordon eas-i-…'],
      options: [dryRunOption],
      async run({ session, args: [machineId = ''], options }) {
        if (options.dryRun) return showPreview(session, 'uncordon', [machineId], options)
        showChanged(
          await session.call('POST /v1/machines/{machineId}/uncordon', { params: { machineId } }),
          options.json,
        )
      },
    })
}

function addFreezesCommand(tree: CommandTree): void {
  tree.add({
    usage: 'freezes',
    summary: 'list regions where nothing is done by itself, since most of their machines are away',
    examples: ['berth machine freezes'],
    async run({ session, options }) {
      const { items } = await session.call('GET /v1/freezes', {})
      if (options.json) return printJson(items)
      const rows = items.map((one): Cell[] => [one.regionId, `${one.away} of ${one.machines}`, timeText(one.frozenAt)])
      printTable(['REGION', 'AWAY', 'SINCE'], rows, { empty: 'No region is frozen.' })
    },
  })
}
