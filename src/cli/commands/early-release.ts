import { given } from '../arguments.ts'
import { confirm } from '../ask.ts'
import { printOrder } from '../buying.ts'
import type { AskingOptions, CommandTree } from '../command.ts'
import { refuse } from '../failure.ts'
import { type Cell, moneyText, printJson, say, tableText, timeText } from '../output.ts'
import { newClientToken } from '../session.ts'

export function addEarlyReleaseCommand(tree: CommandTree): void {
  tree.add<AskingOptions & { reason?: string; force?: boolean }>({
    usage: 'release-early <account> <machine>',
    summary: 'end a prepaid machine before its expiry, and give back what is unused',
    examples: ['berth account release-early acc-… eas-i-… --reason "bought by mistake"'],
    options: [
      ['--reason <text>', 'why; its owner reads it'],
      ['--force', 'stop what runs there, with grace'],
    ],
    as: 'operator',
    asks: true,
    async run({ session, args: [accountId = '', machineId = ''], options }) {
      if (options.reason === undefined)
        throw refuse('InvalidArgument', 'reason: is needed: its owner reads it', 'reason')
      const params = { accountId }
      const quote = await session.call('POST /v1/accounts/{accountId}/early-releases/quotes', {
        params,
        body: { machineId },
      })
      const rows = quote.lines.map((line): Cell[] => [
        line.kind,
        line.orderId,
        timeText(line.startsAt),
        timeText(line.expiresAt),
        moneyText(line.paidFen),
        `${line.unusedSeconds}/${line.wholeSeconds} s`,
        moneyText(line.refundFen),
      ])
      say(tableText(['KIND', 'ORDER', 'FROM', 'TO', 'PAID', 'UNUSED', 'BACK'], rows))
      const back = `${moneyText(quote.totalFen)} (${moneyText(quote.voucherFen)} of it as voucher)`
      await confirm(`Release ${machineId} and give back ${back}? It ends for good.`, options.yes)
      const body = {
        ...{ quoteId: quote.quoteId, reason: options.reason, clientToken: newClientToken() },
        ...given({ force: options.force }),
      }
      const order = await session.call('POST /v1/accounts/{accountId}/early-releases', { params, body })
      if (options.json) printJson(order)
      else printOrder(order)
    },
  })
}
