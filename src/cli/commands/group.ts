import type { Operations } from '../../client/client.ts'
import { given, groupIdOf, type Months, months, number } from '../arguments.ts'
import { confirm } from '../ask.ts'
import { buy, groupAndRegion, renew, zoneOf } from '../buying.ts'
import type { AskingOptions, CommandTree, Declaration, WaitingOptions } from '../command.ts'
import { refuse } from '../failure.ts'
import {
  type Cell,
  cpuText,
  mibText,
  plural,
  printFields,
  printJson,
  printLine,
  printTable,
  say,
  timeText,
} from '../output.ts'
import type { Session } from '../session.ts'
import { type DryRunOptions, dryRunOption } from './machine-preview.ts'
import { machineHead, machineRow } from './machine-view.ts'

interface BuyOptions extends AskingOptions, WaitingOptions {
  spec?: string
  zone?: string
  quantity: number
  months?: Months
  postpaid?: boolean
  disk?: number
  autoRenew?: boolean
  partialOk?: boolean
  waitFor?: number
}

const buyOptions: NonNullable<Declaration<BuyOptions>['options']> = [
  ['--spec <id>', 'machine spec, as `berth offerings` lists them'],
  ['--zone <id>', 'zone; needed where there are several'],
  ['--quantity <count>', 'machines, 1 to 9999 (1 by default)', number('quantity')],
  ['--months <count>', 'prepaid for 1, 2, 3, 6 or 12 months (1 by default)', months],
  ['--postpaid', 'by the hour instead'],
  ['--disk <GiB>', 'system disk of each machine, 200 to 2000; 200 are free', number('disk')],
  ['--auto-renew', 'renew before expiry'],
  ['--partial-ok', 'keep what could be delivered and refund the rest'],
  ['--wait-for <minutes>', 'where stock is short, wait up to 1440 minutes for the rest', number('wait-for')],
]

function requestOf(options: BuyOptions) {
  if (options.spec === undefined) {
    throw refuse('InvalidArgument', 'spec: is needed; `berth offerings` lists what can be bought', 'spec')
  }
  if (options.postpaid && options.months !== undefined) {
    throw refuse('InvalidArgument', 'months: is for prepaid machines; leave it out with --postpaid', 'months')
  }
  return {
    specId: options.spec,
    quantity: options.quantity ?? 1,
    chargeType: options.postpaid ? ('postpaid' as const) : ('prepaid' as const),
    ...(options.postpaid ? {} : { months: options.months ?? 1 }),
    ...given({ systemDiskGib: options.disk, autoRenew: options.autoRenew, partialOk: options.partialOk }),
    ...given({ waitMinutes: options.waitFor }),
  }
}

export function addGroupCommands(tree: CommandTree): void {
  addReadingCommands(tree)
  tree
    .add<BuyOptions>({
      usage: 'buy <name>',
      summary: 'buy machines into a new group of this name',
      examples: [
        'berth group buy vision --spec host.small --quantity 3 --months 1',
        'berth group buy trial --spec host.small --postpaid --yes',
      ],
      options: buyOptions,
      asks: true,
      waits: true,
      async run({ session, args: [groupName = ''], options }) {
        const request = requestOf(options)
        const zone = await zoneOf(session, options.zone, null)
        await buy(session, { ...request, ...zone, groupName }, options)
      },
    })
    .add<BuyOptions>({
      usage: 'add <group>',
      summary: 'scale out: buy more machines into a group',
      examples: ['berth group add vision --spec host.small --quantity 2 --months 3 --auto-renew'],
      options: buyOptions,
      asks: true,
      waits: true,
      async run({ session, args: [name = ''], options }) {
        const request = requestOf(options)
        const group = await groupAndRegion(session, name)
        const zone = await zoneOf(session, options.zone, group.regionId)
        await buy(session, { ...request, ...zone, groupId: group.groupId }, options)
      },
    })
  addChangingCommands(tree)
}

function addReadingCommands(tree: CommandTree): void {
  tree
    .add<{ name?: string; region?: string }>({
      usage: 'list',
      summary: 'list resource groups',
      examples: ['berth group list', 'berth group list --json'],
      options: [
        ['--name <text>', 'part of the name'],
        ['--region <id>', 'only this region'],
      ],
      async run({ session, options }) {
        const query = given({ name: options.name, regionId: options.region })
        if (options.json) return printJson(await session.call('GET /v1/groups', { query: { ...query, limit: 500 } }))
        const rows: Cell[][] = []
        for await (const group of session.pages('GET /v1/groups', { query })) {
          rows.push([
            group.name,
            group.groupId,
            group.regionId,
            `${group.runningMachines}/${group.machines}`,
            `${cpuText(group.cpuUsedMilli)}/${cpuText(group.cpuMilli)}`,
            `${mibText(group.memoryUsedMib)}/${mibText(group.memoryMib)}`,
            group.gpuCount === 0 ? '' : `${group.gpuUsed}/${group.gpuCount}`,
            timeText(group.createdAt),
          ])
        }
        printTable(['NAME', 'GROUP', 'REGION', 'RUNNING', 'VCPU USED', 'MEMORY USED', 'GPU USED', 'CREATED'], rows, {
          right: ['RUNNING', 'VCPU USED', 'MEMORY USED', 'GPU USED'],
          empty: 'No groups yet. `berth group buy <name> --spec …` buys one; `berth offerings` lists the specs.',
        })
      },
    })
    .add({
      usage: 'show <group>',
      summary: 'show a group and its machines',
      examples: ['berth group show vision'],
      async run({ session, args: [name = ''], options }) {
        const group = await groupAndRegion(session, name)
        if (options.json) return printJson(group)
        printFields({
          group: group.groupId,
          name: group.name,
          kind: group.kind,
          region: group.regionId,
          machines: `${group.machines} (${group.runningMachines} running, ${group.prepaidMachines} prepaid, ${group.postpaidMachines} postpaid)`,
          vCPU: `${cpuText(group.cpuUsedMilli)} of ${cpuText(group.cpuMilli)} used`,
          memory: `${mibText(group.memoryUsedMib)} of ${mibText(group.memoryMib)} used`,
          created: timeText(group.createdAt),
        })
        const rows = await machineRows(session, group.groupId)
        printLine()
        printTable(machineHead, rows, { right: [], empty: 'The group has no machines.' })
      },
    })
}

async function machineRows(session: Session, groupId: string): Promise<Cell[][]> {
  const { items } = await session.call('GET /v1/machines', { query: { groupId, limit: 100 } })
  return items.map(machineRow)
}

function addChangingCommands(tree: CommandTree): void {
  tree
    .add({
      usage: 'rename <group> <name>',
      summary: 'rename a group',
      examples: ['berth group rename vision vision-eu'],
      async run({ session, args: [group = '', name = ''], options }) {
        const groupId = await groupIdOf(session, group)
        const renamed = await session.call('PATCH /v1/groups/{groupId}', { params: { groupId }, body: { name } })
        if (options.json) printJson(renamed)
        else say(`${renamed.groupId} is now ${renamed.name}.`)
      },
    })
    .add<AskingOptions & WaitingOptions & { months?: Months }>({
      usage: 'renew <group>',
      summary: 'renew every prepaid machine of a group, in one order',
      examples: ['berth group renew vision --months 3'],
      options: [['--months <count>', '1, 2, 3, 6 or 12 (1 by default)', months]],
      asks: true,
      waits: true,
      async run({ session, args: [group = ''], options }) {
        const groupId = await groupIdOf(session, group)
        await renew(session, { groupId, months: options.months ?? 1 }, options)
      },
    })
    .add<AskingOptions & DryRunOptions>({
      usage: 'rebalance <group>',
      summary: 'move what runs onto fewer machines, or apart where a service asks for it, replacement first',
      examples: ['berth group rebalance vision --dry-run', 'berth group rebalance vision --yes'],
      options: [dryRunOption],
      asks: true,
      async run({ session, args: [group = ''], options }) {
        const params = { groupId: await groupIdOf(session, group) }
        const preview = await session.call('POST /v1/groups/{groupId}/rebalance/preview', { params })
        const count = preview.moves.length + preview.otherMoves
        if (options.dryRun || count === 0) return showRebalance(preview, options.json)
        if (!options.json) showRebalance(preview, false)
        await confirm(`Move ${plural(count, 'service instance')}?`, options.yes)
        const body = { previewId: preview.previewId }
        const begun = await session.call('POST /v1/groups/{groupId}/rebalance', { params, body })
        if (options.json) printJson(begun)
        else say(`${plural(count, 'move')} begun; berth service instances shows them.`)
      },
    })
    .add<AskingOptions>({
      usage: 'delete <group>',
      summary: 'delete a group that holds no machine and no service',
      examples: ['berth group delete vision --yes'],
      asks: true,
      async run({ session, args: [group = ''], options }) {
        const groupId = await groupIdOf(session, group)
        await confirm(`Delete group ${group}?`, options.yes)
        await session.call('DELETE /v1/groups/{groupId}', { params: { groupId } })
        if (options.json) printJson({ groupId })
        else say(`${group} is deleted.`)
      },
    })
}

type Rebalance = Operations['POST /v1/groups/{groupId}/rebalance']['returns']

function showRebalance(rebalance: Rebalance, json: boolean): void {
  const { moves, otherMoves, emptiedMachineIds } = rebalance
  if (json) printJson(rebalance)
  else if (moves.length + otherMoves === 0) say('It is balanced already: nothing has to move.')
  else {
    const rows = moves.map((one): Cell[] => [
      one.serviceName,
      one.serviceInstanceId,
      one.fromMachineId,
      one.toMachineId,
    ])
    printTable(['SERVICE', 'SERVICE INSTANCE', 'FROM', 'TO'], rows, { empty: 'Nothing in a workspace of yours.' })
    if (otherMoves > 0) say(`${plural(otherMoves, 'service instance')} of other workspaces would move too.`)
    if (emptiedMachineIds.length > 0) say(`Left empty: ${emptiedMachineIds.join(', ')}.`)
  }
}
