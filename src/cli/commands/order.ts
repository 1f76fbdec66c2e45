import { choice, given, groupIdOf } from '../arguments.ts'
import { confirm } from '../ask.ts'
import { printOrder } from '../buying.ts'
import type { AskingOptions, CommandTree } from '../command.ts'
import { type Cell, moneyText, printJson, printLine, printTable, tableText, timeText } from '../output.ts'

const kinds = ['purchase', 'scale_out', 'renewal', 'alignment', 'resize', 'refund'] as const

interface ListOptions {
  group?: string
  kind?: (typeof kinds)[number]
}

export function addOrderCommands(tree: CommandTree): void {
  addReadingCommands(tree)
  addTraceCommand(tree)
  tree
    .add<AskingOptions>({
      usage: 'pay <order>',
      summary: 'pay an order from the wallet',
      examples: ['berth order pay ord-… --yes'],
      asks: true,
      async run({ session, args: [orderId = ''], options }) {
        const before = await session.call('GET /v1/orders/{orderId}', { params: { orderId } })
        await confirm(`Pay ${moneyText(before.totalFen)} for ${orderId}?`, options.yes)
        const order = await session.call('POST /v1/orders/{orderId}/pay', { params: { orderId } })
        if (options.json) printJson(order)
        else printOrder(order)
      },
    })
    .add({
      usage: 'cancel <order>',
      summary: 'cancel an order that is not paid, or the wait for stock of one that is',
      examples: ['berth order cancel ord-…'],
      async run({ session, args: [orderId = ''], options }) {
        const order = await session.call('POST /v1/orders/{orderId}/cancel', { params: { orderId } })
        if (options.json) printJson(order)
        else printOrder(order)
      },
    })
}

function addReadingCommands(tree: CommandTree): void {
  tree
    .add<ListOptions>({
      usage: 'list',
      summary: 'list orders, newest first',
      examples: ['berth order list --kind refund'],
      options: [
        ['--group <group>', 'only of this group'],
        ['--kind <kind>', kinds.join(', '), choice('kind', kinds)],
      ],
      async run({ session, options }) {
        const groupId = options.group === undefined ? undefined : await groupIdOf(session, options.group)
        const query = { limit: 100, ...given({ groupId, kind: options.kind }) }
        const found = await session.call('GET /v1/orders', { query })
        if (options.json) return printJson(found)
        const rows = found.items.map((order): Cell[] => [
          order.orderId,
          order.kind,
          order.phase,
          order.specId === null ? order.quantity : `${order.quantity} × ${order.specId}`,
          moneyText(order.totalFen),
          moneyText(order.refundedFen),
          timeText(order.createdAt),
        ])
        printTable(['ORDER', 'KIND', 'PHASE', 'MACHINES', 'TOTAL', 'REFUNDED', 'PLACED'], rows, {
          right: ['TOTAL', 'REFUNDED'],
          empty: 'No orders there.',
        })
      },
    })
    .add({
      usage: 'show <order>',
      summary: 'show an order and its lines',
      examples: ['berth order show ord-…'],
      async run({ session, args: [orderId = ''], options }) {
        const order = await session.call('GET /v1/orders/{orderId}', { params: { orderId } })
        if (options.json) return printJson(order)
        printOrder(order)
        const { items } = await session.call('GET /v1/orders/{orderId}/lines', { params: { orderId }, query: {} })
        const rows = items.map((line): Cell[] => [
          line.lineNo,
          line.machineId,
          line.phase,
          moneyText(line.amountFen),
          timeText(line.periodStart),
          timeText(line.periodEnd),
        ])
        printLine()
        printTable(['LINE', 'MACHINE', 'PHASE', 'AMOUNT', 'FROM', 'TO'], rows, {
          right: ['LINE', 'AMOUNT'],
          empty: 'The order has no lines.',
        })
      },
    })
}

function addTraceCommand(tree: CommandTree): void {
  tree.add({
    usage: 'trace <order>',
    summary: 'every payment, capture and refund of an order, and what happened when',
    examples: ['berth order trace ord-…'],
    async run({ session, args: [orderId = ''], options }) {
      const trace = await session.call('GET /v1/orders/{orderId}/trace', { params: { orderId } })
      if (options.json) return printJson(trace)
      printOrder(trace.order)
      for (const refund of trace.refundOrders) printLine(`refund     ${refund.orderId} ${moneyText(refund.totalFen)}`)
      const transfers = trace.transfers.map((t): Cell[] => [
        timeText(t.at),
        t.kind,
        moneyText(t.amountFen),
        t.from.ledgerAccountId,
        t.to.ledgerAccountId,
      ])
      printLine()
      printTable(['AT', 'TRANSFER', 'AMOUNT', 'FROM', 'TO'], transfers, {
        right: ['AMOUNT'],
        empty: 'No money moved.',
      })
      const events = trace.events.map((e): Cell[] => [timeText(e.at), e.kind, e.actor])
      printLine()
      if (events.length > 0) printLine(tableText(['AT', 'EVENT', 'BY'], events))
    },
  })
}
