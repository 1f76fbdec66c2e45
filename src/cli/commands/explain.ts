import { choice } from '../arguments.ts'
import type { CommandTree } from '../command.ts'
import { explanationText, type Language } from '../explain-text.ts'
import { fitText } from '../fit-text.ts'
import { type Cell, printJson, printLine, printTable } from '../output.ts'

export function addExplainCommands(tree: CommandTree): void {
  tree.add<{ language: Language }>({
    usage: 'id <id>',
    byDefault: true,
    summary: 'explain an order, a machine, a transfer or a line of a bill: from the order to the ledger',
    examples: [
      'berth explain ord-rsbdcy8q3k9168zk1frt',
      'berth explain usage:eas-i-33bgtm82ypkh76qce5kn:2026-11-23:machine --language zh',
    ],
    options: [['--language <zh|en>', 'of the text; en by default', choice('language', ['zh', 'en'])]],
    async run({ session, args: [id = ''], options }) {
      const found = id.startsWith('ord-')
        ? await session.call('GET /v1/orders/{orderId}/explain', { params: { orderId: id } })
        : id.startsWith('eas-i-')
          ? await session.call('GET /v1/machines/{machineId}/explain', { params: { machineId: id } })
          : await session.call('GET /v1/transfers/{transferId}/explain', { params: { transferId: id } })
      if (options.json) printJson(found)
      else for (const line of explanationText(found, options.language ?? 'en')) printLine(line)
    },
  })
  tree.add({
    usage: 'placement <service>',
    summary: 'explain where the instances of a service run, why one waits, and what would end the waiting',
    examples: ['berth explain placement digits'],
    async run({ session, args: [service = ''], options }) {
      const params = { service }
      const { items } = await session.call('GET /v1/services/{service}/instances', { params })
      const fit = await session.call('POST /v1/services/{service}/fit', { params, body: {} })
      if (options.json) return printJson({ instances: items, fit })
      const rows = items.map((one): Cell[] => [one.serviceInstanceId, one.status, one.machineId, one.reason])
      printTable(['SERVICE INSTANCE', 'STATUS', 'MACHINE', 'REASON'], rows, { empty: 'It has no instances.' })
      printLine()
      for (const line of fitText(fit)) printLine(line)
    },
  })
}
