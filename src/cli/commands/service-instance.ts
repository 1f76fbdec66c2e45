// What is done to one instance of a service.
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree } from '../command.ts'
import { refuse } from '../failure.ts'
import { printJson, say } from '../output.ts'
import type { Session } from '../session.ts'
import { gapText } from './service-rollout.ts'

interface RestartOptions extends AskingOptions {
  soft?: boolean
  acceptGap?: boolean
}

const restartPath = 'POST /v1/services/{service}/instances/{serviceInstanceId}/restart'

export function addServiceInstanceCommands(tree: CommandTree): void {
  tree
    .add<RestartOptions>({
      usage: 'restart-instance <service> <service-instance>',
      summary: 'restart one instance: its replacement first, or with --soft its process alone',
      examples: [
        'berth service restart-instance digits <service instance>',
        'berth service restart-instance digits <service instance> --soft',
      ],
      options: [
        ['--soft', 'its process alone: the same instance on the same machine, out of service meanwhile'],
        ['--accept-gap', 'with --soft: though fewer then serve than the service keeps, or none'],
      ],
      asks: true,
      async run({ session, args: [service = '', serviceInstanceId = ''], options }) {
        const params = { service, serviceInstanceId }
        if (options.soft === true) return restartProcess(session, params, options)
        if (options.acceptGap === true)
          throw refuse('InvalidArgument', 'accept-gap: goes with --soft: a replacement leaves no gap', 'accept-gap')
        const done = await session.call(restartPath, { params })
        if (options.json) printJson(done)
        else say(`${serviceInstanceId} is being replaced.`)
      },
    })
    .add({
      usage: 'isolate-instance <service> <service-instance>',
      summary: 'take one instance out of the routes to look at it, its replacement first; it runs on',
      examples: ['berth service isolate-instance digits <service instance>'],
      async run({ session, args: [service = '', serviceInstanceId = ''], options }) {
        const params = { service, serviceInstanceId }
        const done = await session.call('POST /v1/services/{service}/instances/{serviceInstanceId}/isolate', { params })
        if (options.json) printJson(done)
        else say(`${serviceInstanceId} leaves the routes once one in its place serves, and runs on.`)
      },
    })
    .add({
      usage: 'end-instance <service> <service-instance>',
      summary: 'end an isolated instance',
      examples: ['berth service end-instance digits <service instance>'],
      async run({ session, args: [service = '', serviceInstanceId = ''], options }) {
        const params = { service, serviceInstanceId }
        const done = await session.call('POST /v1/services/{service}/instances/{serviceInstanceId}/end', { params })
        if (options.json) printJson(done)
        else say(`${serviceInstanceId} is ending.`)
      },
    })
}

async function restartProcess(
  session: Session,
  params: { service: string; serviceInstanceId: string },
  { acceptGap = false, yes, json }: RestartOptions & { json: boolean },
): Promise<void> {
  const { serviceInstanceId } = params
  const seen = await session.call(`${restartPath}/preview`, { params, body: { acceptGap } })
  await confirm(`${gapText({ ...seen, regainsRoom: true })} Restart the process of ${serviceInstanceId}?`, yes)
  // Who was asked has seen what goes on serving; --yes alone does not say it.
  const body = {
    ...{ mode: 'process' as const, previewId: seen.previewId },
    acceptGap: acceptGap || (!yes && seen.needsAcceptGap),
  }
  const done = await session.call(restartPath, { params, body })
  if (json) printJson(done)
  else if (seen.waits) say(`The process of ${serviceInstanceId} is restarted once more of the service serve than now.`)
  else say(`The process of ${serviceInstanceId} is being restarted where it runs.`)
}
