import type { Operations } from '../../client/client.ts'
import { choice, yuan } from '../arguments.ts'
import type { CommandTree } from '../command.ts'
import { type Cell, moneyText, printFields, printJson, printTable, say, timeText } from '../output.ts'
import { newClientToken, ownerAccountId } from '../session.ts'

type Arrears = NonNullable<Operations['GET /v1/wallet']['returns']['arrears']>

/** What happens when, and how to end it. */
function arrearsText({ owedFen, since, stopsAt, stoppedAt, keptUntil, stoppedMachines }: Arrears): string {
  const owed = `In arrears since ${timeText(since)}: ${moneyText(owedFen)} owed.`
  if (stoppedAt === null)
    return `${owed} Pay-as-you-go machines stop ${timeText(stopsAt)}; a top-up of all that is owed prevents it.`
  if (stoppedMachines === 0) return `${owed} No machine is kept; a top-up of all that is owed allows to buy again.`
  return `${owed} ${stoppedMachines} machines stand still and cost nothing; kept until ${timeText(keptUntil)}, a top-up of all that is owed starts them again.`
}

export function addWalletCommands(tree: CommandTree): void {
  tree
    .add({
      usage: 'show',
      summary: 'show the balance, how long it lasts, and what follows if it does not',
      examples: ['berth wallet show'],
      async run({ session, options }) {
        const wallet = await session.call('GET /v1/wallet')
        if (options.json) return printJson(wallet)
        printFields({
          account: wallet.accountId,
          currency: wallet.currency,
          cash: moneyText(wallet.cashFen),
          vouchers: moneyText(wallet.voucherFen),
          'used, not billed': moneyText(wallet.accruedFen),
          available: moneyText(wallet.availableFen),
          'used a day': moneyText(wallet.burnPerDayFen),
          'lasts until': wallet.lastsUntil === null ? 'no end in sight' : timeText(wallet.lastsUntil),
        })
        if (wallet.arrears !== null) say(arrearsText(wallet.arrears))
      },
    })
    .add({
      usage: 'transfers',
      summary: 'list what moved in the wallet, newest first',
      examples: ['berth wallet transfers'],
      async run({ session, options }) {
        const found = await session.call('GET /v1/wallet/transfers', { query: { limit: 100 } })
        if (options.json) return printJson(found)
        const rows = found.items.map((transfer): Cell[] => [
          timeText(transfer.at),
          transfer.kind,
          transfer.wallet,
          moneyText(transfer.signedFen),
          transfer.orderId,
          transfer.memo,
        ])
        printTable(['AT', 'KIND', 'WALLET', 'AMOUNT', 'ORDER', 'MEMO'], rows, {
          right: ['AMOUNT'],
          empty: 'Nothing has moved yet.',
        })
      },
    })
    .add<{ account?: string; wallet?: 'cash' | 'voucher' }>({
      usage: 'top-up <amount>',
      summary: 'add money to a wallet, as the operator',
      examples: ['berth wallet top-up 1000', 'berth wallet top-up 50.50 --wallet voucher --account acc-…'],
      options: [
        ['--account <id>', 'whose wallet; that of the first owner by default'],
        ['--wallet <wallet>', 'cash (by default) or voucher', choice('wallet', ['cash', 'voucher'])],
      ],
      as: 'operator',
      async run({ session, api, args: [amount = ''], options }) {
        const amountFen = yuan('amount')(amount)
        const accountId = options.account ?? ownerAccountId(api)
        const body = { amountFen, wallet: options.wallet ?? ('cash' as const), clientToken: newClientToken() }
        const done = await session.call('POST /v1/accounts/{accountId}/top-ups', { params: { accountId }, body })
        if (options.json) printJson(done)
        else say(`${moneyText(done.amountFen)} added to the ${body.wallet} of ${done.accountId}.`)
      },
    })
}
