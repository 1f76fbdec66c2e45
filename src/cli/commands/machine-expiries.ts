import type { CommandTree } from '../command.ts'
import { moneyText, printJson, printTable } from '../output.ts'

export function addMachineExpiriesCommand(tree: CommandTree): void {
  tree.add<{ month?: string }>({
    usage: 'expiries',
    summary: 'show the days of a month on which prepaid machines expire, and what their renewal would cost',
    examples: ['berth machine expiries', 'berth machine expiries --month 2026-12'],
    options: [['--month <month>', 'such as 2026-12; the current one by default']],
    async run({ session, options }) {
      const query = options.month === undefined ? {} : { month: options.month }
      const found = await session.call('GET /v1/expiries', { query })
      if (options.json) return printJson(found)
      printTable(
        ['DAY', 'MACHINES', 'AUTO-RENEW', 'RENEWAL'],
        found.days.map(one => [one.day, one.machines, one.autoRenew, moneyText(one.renewalFen)]),
        { right: ['MACHINES', 'AUTO-RENEW', 'RENEWAL'], empty: `No machine expires in ${found.month}.` },
      )
    },
  })
}
