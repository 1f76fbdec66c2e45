import { number } from '../arguments.ts'
import type { CommandTree, WaitingOptions } from '../command.ts'
import { type Cell, printJson, printTable, timeText } from '../output.ts'
import { showRollout } from '../service-rollout.ts'

export function addServiceVersionCommands(tree: CommandTree): void {
  tree
    .add({
      usage: 'versions <service>',
      summary: 'list versions of a service, newest first',
      examples: ['berth service versions digits'],
      async run({ session, args: [service = ''], options }) {
        const found = await session.call('GET /v1/services/{service}/versions', { params: { service } })
        if (options.json) return printJson(found)
        const rows = found.items.map((one): Cell[] => [one.version, one.actor, timeText(one.createdAt)])
        printTable(['VERSION', 'BY', 'CREATED'], rows, { right: ['VERSION'], empty: 'It has no versions.' })
      },
    })
    .add<WaitingOptions>({
      usage: 'rollback <service> <version>',
      summary: 'roll back, or forth, to one of the versions',
      examples: ['berth service rollback digits 1'],
      waits: true,
      async run({ session, args: [service = '', version = ''], options }) {
        const params = { service, version: number('version')(version) }
        await showRollout(
          session,
          await session.call('POST /v1/services/{service}/versions/{version}/use', { params }),
          options,
        )
      },
    })
}
