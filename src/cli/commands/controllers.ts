import type { CommandTree } from '../command.ts'
import { type Cell, printJson, printLine, printTable, timeText } from '../output.ts'

export function addControllersCommand(tree: CommandTree): void {
  tree.add({
    usage: 'controllers',
    summary: 'show who runs the loops, which duties each has, and how others ended',
    examples: ['berth controllers'],
    as: 'operator',
    async run({ session, options }) {
      const { items, unheldDuties } = await session.call('GET /v1/controllers', {})
      if (options.json) {
        printJson({ items, unheldDuties })
        return
      }
      const rows = items.map(
        ({ controllerId, hostName, pid, version, duties, beatAt, endedAt, endedBecause, refusedWrites }): Cell[] => [
          controllerId,
          hostName,
          String(pid),
          version,
          endedBecause === null ? duties.join(', ') || 'none' : `${endedBecause} ${timeText(endedAt)}`,
          timeText(beatAt),
          refusedWrites,
        ],
      )
      printTable(['CONTROLLER', 'HOST', 'PID', 'VERSION', 'DUTIES', 'LAST BEAT', 'REFUSED WRITES'], rows, {
        empty: 'No controller has run yet.',
      })
      if (unheldDuties.length > 0) {
        printLine(
          `Nobody has: ${unheldDuties.join(', ')}. One that lives takes over within seconds; if none does, start one.`,
        )
      }
    },
  })
  tree.add({
    usage: 'set-aside',
    summary: 'show what fails again and again and waits, with its error, while everything else goes on',
    examples: ['berth set-aside'],
    as: 'operator',
    async run({ session, options }) {
      const { items } = await session.call('GET /v1/set-aside', {})
      if (options.json) {
        printJson({ items })
        return
      }
      const rows = items.map(({ kind, id, attempts, dueAt, error }): Cell[] => [
        kind,
        id,
        String(attempts),
        timeText(dueAt),
        error,
      ])
      printTable(['KIND', 'ID', 'FAILED', 'AGAIN AT', 'BECAUSE'], rows, { empty: 'Nothing is set aside.' })
    },
  })
}
