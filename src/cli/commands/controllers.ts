import type { CommandTree } from '../command.ts'
import { type Cell, printJson, printTable, timeText } from '../output.ts'

export function addControllersCommand(tree: CommandTree): void {
  tree.add({
    usage: 'controllers',
    summary: 'show who runs the loops, which duties each has, and how others ended',
    examples: ['berth controllers'],
    as: 'operator',
    async run({ session, options }) {
      const { items } = await session.call('GET /v1/controllers', {})
      if (options.json) {
        printJson({ items })
        return
      }
      const rows = items.map(
        ({ controllerId, pid, version, duties, beatAt, endedAt, endedBecause, refusedWrites }): Cell[] => [
          controllerId,
          String(pid),
          version,
          endedBecause === null ? duties.join(', ') || 'none' : `${endedBecause} ${timeText(endedAt)}`,
          timeText(beatAt),
          refusedWrites,
        ],
      )
      printTable(['CONTROLLER', 'PID', 'VERSION', 'DUTIES', 'LAST BEAT', 'REFUSED WRITES'], rows, {
        empty: 'No controller has run yet.',
      })
    },
  })
}
