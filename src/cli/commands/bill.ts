import type { Operations } from '../../client/client.ts'
import { given } from '../arguments.ts'
import type { CommandTree } from '../command.ts'
import { type Cell, moneyText, plural, printFields, printJson, printLine, printTable, timeText } from '../output.ts'

export type Bill = Operations['GET /v1/bill']['returns']
type Entry = Bill['groups'][number]['machines'][number]['entries'][number]

const entryText = (entry: Entry): string =>
  entry.kind === 'prepaid'
    ? entry.memo || `prepaid period, ${entry.orderId}, ${timeText(entry.at)}`
    : `${entry.item}, ${plural(entry.minutes ?? 0, 'minute')}${entry.kind === 'accrued' ? ', not billed yet' : ''}`

export function printBill(bill: Bill): void {
  const rows = bill.groups.flatMap(group =>
    group.machines.flatMap(machine =>
      machine.entries.map((entry): Cell[] => [
        group.name,
        machine.machineId,
        machine.specId,
        entry.kind,
        entryText(entry),
        moneyText(entry.amountFen),
      ]),
    ),
  )
  printTable(['GROUP', 'MACHINE', 'SPEC', 'CHARGE', 'FOR', 'AMOUNT'], rows, {
    right: ['AMOUNT'],
    empty: 'Nothing was charged in this period.',
  })
  const { totals, wallet } = bill
  printLine()
  printFields({
    period: `${bill.from} to ${bill.to}, ${bill.billingZone}`,
    prepaid: moneyText(totals.prepaidFen),
    postpaid: moneyText(totals.postpaidFen),
    'not billed yet': moneyText(totals.accruedFen),
    total: `${moneyText(totals.totalFen)} ${bill.currency}`,
    wallet: `${moneyText(wallet.openingFen)} + ${moneyText(wallet.topUpFen)} topped up - ${moneyText(wallet.paidFen)} paid + ${moneyText(wallet.refundedFen)} refunded - ${moneyText(wallet.usageFen)} used = ${moneyText(wallet.closingFen)}`,
  })
}

export function addBillCommand(tree: CommandTree): void {
  tree.add<{ from?: string; to?: string }>({
    usage: 'bill',
    summary: 'show the bill of a period: by group and machine, with what has accrued',
    examples: ['berth bill', 'berth bill --from 2026-10-01 --to 2026-10-31'],
    options: [
      ['--from <day>', 'first billing day; that of the month by default'],
      ['--to <day>', 'last billing day, included; today by default'],
    ],
    async run({ session, options }) {
      const bill = await session.call('GET /v1/bill', { query: given({ from: options.from, to: options.to }) })
      if (options.json) printJson(bill)
      else printBill(bill)
    },
  })
}
