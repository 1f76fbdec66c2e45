import type { Operations } from '../../client/client.ts'
import type { CommandTree } from '../command.ts'
import { type Cell, moneyText, plural, printFields, printJson, printLine, printTable, timeText } from '../output.ts'

type Lines = Operations['GET /v1/statements/{month}/lines']['returns']

export function addStatementCommands(tree: CommandTree): void {
  addList(tree)
  addShow(tree)
  addLines(tree)
}

function addList(tree: CommandTree): void {
  tree.add({
    usage: 'list',
    summary: 'list the statements: drafts, then final ones',
    examples: ['berth statement list'],
    async run({ session, options }) {
      const found = await session.call('GET /v1/statements', {})
      if (options.json) {
        printJson(found)
        return
      }
      const rows = found.items.map(({ month, phase, totals, finalisedAt }): Cell[] => [
        ...[month, phase, moneyText(totals.prepaidFen), moneyText(totals.postpaidFen)],
        ...[moneyText(totals.correctionsFen), moneyText(totals.totalFen), timeText(finalisedAt)],
      ])
      const head = ['MONTH', 'STATE', 'PREPAID', 'POSTPAID', 'CORRECTIONS', 'TOTAL', 'FINAL SINCE']
      const right = ['PREPAID', 'POSTPAID', 'CORRECTIONS', 'TOTAL']
      printTable(head, rows, { right, empty: 'There are no statements yet.' })
    },
  })
}

function addShow(tree: CommandTree): void {
  tree.add({
    usage: 'show <month>',
    summary: 'show the statement of a month by group, machine and item',
    examples: ['berth statement show 2026-11'],
    async run({ session, args: [month = ''], options }) {
      const found = await session.call('GET /v1/statements/{month}', { params: { month } })
      if (options.json) {
        printJson(found)
        return
      }
      const rows = found.groups.flatMap(group =>
        group.machines.flatMap(machine => {
          const items = machine.items.map((item): Cell[] => [
            ...[group.name, machine.machineId, machine.chargeType],
            item.kind === 'prepaid' ? plural(item.lines, 'period') : `${item.item}, ${plural(item.minutes, 'minute')}`,
            moneyText(item.amountFen),
            null,
          ])
          if (machine.chargeType === 'postpaid') return items
          const used = [
            group.name,
            machine.machineId,
            machine.chargeType,
            'used up',
            null,
            moneyText(machine.consumedFen),
          ]
          return [...items, used]
        }),
      )
      const head = ['GROUP', 'MACHINE', 'CHARGE', 'FOR', 'AMOUNT', 'USED UP']
      printTable(head, rows, { right: ['AMOUNT', 'USED UP'], empty: 'Nothing was charged in this month.' })
      const { totals } = found
      printLine()
      printFields({
        state:
          found.phase === 'final' ? `final since ${timeText(found.finalisedAt)}` : `draft: ${found.waitsFor?.message}`,
        prepaid: moneyText(totals.prepaidFen),
        postpaid: moneyText(totals.postpaidFen),
        corrections: moneyText(totals.correctionsFen),
        total: `${moneyText(totals.totalFen)} ${found.currency}`,
        'used up of what was prepaid': moneyText(found.consumedFen),
      })
    },
  })
}

function addLines(tree: CommandTree): void {
  tree.add<{ machine?: string }>({
    usage: 'lines <month>',
    summary: 'print every line of a statement as CSV',
    examples: ['berth statement lines 2026-11 > 2026-11.csv'],
    options: [['--machine <id>', 'of this machine only']],
    async run({ session, args: [month = ''], options }) {
      const items: Lines['items'] = []
      for (let after: string | null = ''; after !== null; ) {
        const query: { limit: number; after?: string; machineId?: string } = {
          limit: 500,
          ...(after ? { after } : {}),
          ...(options.machine ? { machineId: options.machine } : {}),
        }
        const page: Lines = await session.call('GET /v1/statements/{month}/lines', { params: { month }, query })
        items.push(...page.items)
        after = page.nextPageToken
      }
      if (options.json) {
        printJson(items)
        return
      }
      printLine('day,kind,item,machine,order,minutes,amount,late,line')
      for (const one of items) {
        const cells = [
          one.billingDay,
          one.kind,
          one.item,
          one.machineId,
          one.orderId,
          one.minutes,
          moneyText(one.amountFen),
        ]
        printLine([...cells, one.late, one.lineId].map(cell => cell ?? '').join(','))
      }
    },
  })
}
