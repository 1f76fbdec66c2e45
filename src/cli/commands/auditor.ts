import type { CommandTree } from '../command.ts'
import { type Cell, printFields, printJson, printLine, printTable, timeText } from '../output.ts'

export function addAuditorCommand(tree: CommandTree): void {
  tree.add({
    usage: 'auditor',
    summary: 'show what the auditor has checked and found, and whether billing is parked for it',
    examples: ['berth auditor'],
    as: 'operator',
    async run({ session, options }) {
      const found = await session.call('GET /v1/auditor', {})
      const { jump } = await session.call('GET /v1/clock', {})
      if (options.json) {
        printJson({ ...found, clockJump: jump })
        return
      }
      const since = found.billingParkedSince
      printFields({
        billing: since === null ? 'runs' : `parked since ${timeText(since)}: the findings below come first`,
        ...(jump === null
          ? {}
          : {
              clock: `jumped ${jump.reason}, from ${timeText(jump.trustedAt)} to ${timeText(jump.jumpedTo)}: expiry, release and billing wait until it is set right`,
            }),
      })
      printLine()
      const rows = found.checks.map(({ name, roundEndedAt, findings }): Cell[] => [
        name,
        timeText(roundEndedAt),
        findings.length === 0 ? 'ok' : `${findings.length} found`,
      ])
      printTable(['CHECK', 'LAST DONE', 'RESULT'], rows, { empty: 'There are no checks.' })
      for (const { name, findings } of found.checks)
        for (const { detail, firstSeenAt } of findings)
          printLine(`\n${name}\n  since ${timeText(firstSeenAt)}: ${detail}`)
    },
  })
}
