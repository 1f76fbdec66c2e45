import { choice, given, type Months, months, number } from '../arguments.ts'
import { align, renew, resize } from '../buying.ts'
import type { AskingOptions, CommandTree, WaitingOptions } from '../command.ts'
import { refuse } from '../failure.ts'
import { type Cell, printJson, printTable, timeText } from '../output.ts'

export function addMachineRenewalCommands(tree: CommandTree): void {
  tree
    .add<AskingOptions & WaitingOptions & { months?: Months }>({
      usage: 'renew <machine...>',
      summary: 'renew prepaid machines, in one order',
      examples: ['berth machine renew eas-i-… --months 1'],
      options: [['--months <count>', '1, 2, 3, 6 or 12 (1 by default)', months]],
      asks: true,
      waits: true,
      run: ({ session, args: machineIds, options }) =>
        renew(session, { machineIds, months: options.months ?? 1 }, options),
    })
    .add<AskingOptions & WaitingOptions & { day?: string }>({
      usage: 'align <machine...>',
      summary: 'bring prepaid machines to one common expiry, in one order',
      examples: ['berth machine align eas-i-… eas-i-…', 'berth machine align eas-i-… --day 2026-12-31'],
      options: [
        ['--day <YYYY-MM-DD>', 'the day, at the time of day of the latest expiry; the latest itself by default'],
      ],
      asks: true,
      waits: true,
      run: ({ session, args: machineIds, options }) =>
        align(session, { machineIds, ...given({ day: options.day }) }, options),
    })
    .add<AskingOptions & WaitingOptions & { disk?: number }>({
      usage: 'resize <machine...>',
      summary: 'make system disks larger, in one order; prepaid pays to the expiry',
      examples: ['berth machine resize eas-i-… --disk 500'],
      options: [['--disk <GiB>', 'the new size, 200 to 2000; a disk never shrinks', number('disk')]],
      asks: true,
      waits: true,
      async run({ session, args: machineIds, options }) {
        if (options.disk === undefined) throw refuse('InvalidArgument', 'disk: is needed: the new size in GiB', 'disk')
        await resize(session, { machineIds, systemDiskGib: options.disk }, options)
      },
    })
    .add<{ months?: Months; set?: 'on' | 'off' }>({
      usage: 'auto-renew <machine...>',
      summary: 'switch automatic renewal on or off',
      examples: ['berth machine auto-renew eas-i-… --set on --months 3', 'berth machine auto-renew eas-i-… --set off'],
      options: [
        ['--set <on|off>', 'on by default', choice('set', ['on', 'off'])],
        ['--months <count>', 'how long each renewal lasts: 1, 2, 3, 6 or 12', months],
      ],
      async run({ session, args: machineIds, options }) {
        const autoRenew = options.set !== 'off'
        const body = { machineIds, autoRenew, ...given({ months: options.months }) }
        const done = await session.call('PUT /v1/renewals/automatic', { body })
        if (options.json) return printJson(done)
        const rows = done.items.map((one): Cell[] => [
          one.machineId,
          one.autoRenew,
          one.autoRenewMonths,
          timeText(one.expiresAt),
        ])
        printTable(['MACHINE', 'AUTO-RENEW', 'MONTHS', 'EXPIRES'], rows, { right: ['MONTHS'], empty: 'No machines.' })
      },
    })
}
