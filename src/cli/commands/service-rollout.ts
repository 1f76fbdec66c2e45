// Steering a rollout: pause, resume, abort, and a swap where a group is full.
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree, WaitingOptions } from '../command.ts'
import { printJson, say } from '../output.ts'
import { showRollout } from '../service-rollout.ts'

interface ReasonOption {
  reason?: string
}

const reasonOption: [string, string] = ['--reason <text>', 'why; kept with the action']

export function addServiceRolloutCommands(tree: CommandTree): void {
  tree
    .add<ReasonOption>({
      usage: 'pause <service>',
      summary: 'pause a rollout: what has not taken over yet is withdrawn, nothing more is replaced',
      examples: ['berth service pause digits --reason "slower than before"'],
      options: [reasonOption],
      async run({ session, args: [service = ''], options }) {
        const body = { reason: options.reason ?? '' }
        const paused = await session.call('POST /v1/services/{service}/rollout/pause', { params: { service }, body })
        if (options.json) printJson(paused)
        else say(`The rollout of ${paused.name} is paused: ${paused.running} of ${paused.replicas} instances serve.`)
      },
    })
    .add<WaitingOptions>({
      usage: 'resume <service>',
      summary: 'resume a rollout that is paused; what failed before counts no more',
      examples: ['berth service resume digits'],
      waits: true,
      async run({ session, args: [service = ''], options }) {
        const params = { service }
        await showRollout(
          session,
          await session.call('POST /v1/services/{service}/rollout/resume', { params }),
          options,
        )
      },
    })
    .add<AskingOptions & WaitingOptions>({
      usage: 'abort <service>',
      summary: 'abort a rollout: an update goes back to the version before it, a restart leaves the rest as it is',
      examples: ['berth service abort digits --yes'],
      asks: true,
      waits: true,
      async run({ session, args: [service = ''], options }) {
        const params = { service }
        const { impact } = await session.call('POST /v1/services/{service}/rollout/abort/preview', { params })
        await confirm(`Go back to version ${impact.version} and replace ${impact.replaced} instances?`, options.yes)
        const query = { previewId: impact.previewId }
        const path = 'POST /v1/services/{service}/rollout/abort'
        await showRollout(session, await session.call(path, { params, query }), options)
      },
    })
    .add<AskingOptions & ReasonOption & { lastToo?: boolean }>({
      usage: 'let-go-first <service> <service-instance>',
      summary: 'in a full group, let an instance end before its replacement is there',
      examples: ['berth service let-go-first digits <service instance> --reason "nobody calls it at night"'],
      options: [reasonOption, ['--last-too', 'though nothing else of the service serves meanwhile']],
      asks: true,
      async run({ session, args: [service = '', serviceInstanceId = ''], options }) {
        const params = { service, serviceInstanceId }
        const path = 'POST /v1/services/{service}/instances/{serviceInstanceId}/go-first'
        const seen = await session.call(`${path}/preview`, { params })
        await confirm(`${gapText(seen)} Let ${serviceInstanceId} end first?`, options.yes)
        // Who was asked has seen that nothing goes on serving; --yes alone does not say it.
        const lastToo = options.lastToo === true || (!options.yes && seen.losesLast)
        const changed = await session.call(path, { params, body: { reason: options.reason ?? '', lastToo } })
        if (options.json) printJson(changed)
        else say(`${serviceInstanceId} ends first; ${seen.replacementId} gets its room.`)
      },
    })
}

interface Seen {
  running: number
  runningAfter: number
  regainsRoom: boolean
  expectedGapMs: number | null
}

/** What goes on serving, and for how long that is so. */
export function gapText({ running, runningAfter, regainsRoom, expectedGapMs }: Seen): string {
  const serves = `${runningAfter} of ${running} go on serving`
  if (!regainsRoom) return `${serves}, with no room in sight for another.`
  if (expectedGapMs === null) return `${serves}; how long is not known: none was measured yet.`
  return `${serves}, for about ${Math.ceil(expectedGapMs / 1000)} s by earlier starts.`
}
