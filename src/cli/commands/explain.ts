import { choice } from '../arguments.ts'
import type { CommandTree } from '../command.ts'
import { explanationText, type Language } from '../explain-text.ts'
import { printJson, printLine } from '../output.ts'

export function addExplainCommand(tree: CommandTree): void {
  tree.add<{ language: Language }>({
    usage: 'explain <id>',
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
}
