import type { Operations } from '../../client/client.ts'
import { given, groupIdOf, number } from '../arguments.ts'
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree, WaitingOptions } from '../command.ts'
import { type Fit, fitText } from '../fit-text.ts'
import { type Cell, cpuText, mibText, printFields, printJson, printLine, printTable, say, timeText } from '../output.ts'
import { watch } from '../progress.ts'
import { inGroup, readServiceFile, type ServiceConfig } from '../service-file.ts'
import { findService, type Service, showRollout } from '../service-rollout.ts'
import type { Session } from '../session.ts'
import type { DryRunOptions } from './machine-preview.ts'

interface GroupOptions {
  group?: string
}

export function addServiceCommands(tree: CommandTree): void {
  addDeployingCommands(tree)
  addReadingCommands(tree)
  addRunningCommands(tree)
}

const willItFitOption: [string, string] = [
  '--dry-run',
  'say whether it fits, what would help and what to buy; do nothing',
]

const fitOf = (session: Session, params: { service: string }, body: { config?: ServiceConfig; replicas?: number }) =>
  session.call('POST /v1/services/{service}/fit', { params, body })

function showFit(fit: Fit, { json }: { json: boolean }): void {
  if (json) printJson(fit)
  else for (const line of [...fitText(fit), 'Nothing was done.']) printLine(line)
}

const groupIdOrNull = async (session: Session, group: string | undefined): Promise<string | null> =>
  group === undefined ? null : groupIdOf(session, group)

function addDeployingCommands(tree: CommandTree): void {
  tree
    .add<GroupOptions & WaitingOptions & DryRunOptions>({
      usage: 'deploy <file>',
      summary: 'deploy a service from its JSON',
      examples: ['berth service deploy examples/digits/service.json --group vision'],
      options: [['--group <group>', 'the group it runs in; sets metadata.resource'], willItFitOption],
      waits: true,
      async run({ session, args: [file = ''], options }) {
        const read = readServiceFile(file, null)
        const config = options.group === undefined ? read : inGroup(read, await groupIdOf(session, options.group))
        if (options.dryRun) return showFit(await session.call('POST /v1/services/fit', { body: { config } }), options)
        const { service, warnings } = await session.call('POST /v1/services', { body: { config } })
        for (const warning of warnings) say(`warning: ${warning}`)
        await showRollout(session, service, options)
      },
    })
    .add<WaitingOptions & DryRunOptions>({
      usage: 'update <service> <file>',
      summary: 'roll out a new version; the JSON may name only what changes',
      examples: ['berth service update digits new.json'],
      options: [willItFitOption],
      waits: true,
      async run({ session, args: [service = '', file = ''], options }) {
        const config = readServiceFile(file, null)
        const params = { service }
        if (options.dryRun) return showFit(await fitOf(session, params, { config }), options)
        const updated = await session.call('PUT /v1/services/{service}', { params, body: { config } })
        for (const warning of updated.warnings) say(`warning: ${warning}`)
        await showRollout(session, updated.service, options)
      },
    })
}

const serviceRow = (service: Service): Cell[] => [
  service.name,
  service.serviceId,
  service.status,
  `${service.running}/${service.replicas}`,
  service.version,
  service.groupId,
  service.status === 'Running' ? '' : service.reason,
]

function addReadingCommands(tree: CommandTree): void {
  tree
    .add<GroupOptions>({
      usage: 'list',
      summary: 'list services',
      examples: ['berth service list --group vision'],
      options: [['--group <group>', 'only of this group']],
      async run({ session, options }) {
        const query = given({ groupId: (await groupIdOrNull(session, options.group)) ?? undefined })
        if (options.json) return printJson(await session.call('GET /v1/services', { query: { ...query, limit: 500 } }))
        const rows: Cell[][] = []
        for await (const service of session.pages('GET /v1/services', { query })) rows.push(serviceRow(service))
        printTable(['NAME', 'SERVICE', 'STATUS', 'RUNNING', 'VERSION', 'GROUP', 'REASON'], rows, {
          right: ['RUNNING', 'VERSION'],
          empty: 'No services there. `berth service deploy <file> --group <group>` deploys one.',
        })
      },
    })
    .add({
      usage: 'show <service>',
      summary: 'show a service and its instances',
      examples: ['berth service show digits'],
      async run({ session, args: [name = ''], options }) {
        const service = await session.call('GET /v1/services/{service}', { params: { service: name } })
        if (options.json) return printJson(service)
        printFields({
          service: service.serviceId,
          name: service.name,
          group: service.groupId,
          status: `${service.status}: ${service.reason}`,
          'service instances': `${service.running} of ${service.replicas} running${service.autoscaler ? `, scales by itself between ${service.autoscaler.min} and ${service.autoscaler.max}` : ''}`,
          version: service.version,
          'each takes': `${cpuText(service.cpuMilli)} vCPU, ${mibText(service.memoryMib)}${service.gpuCount === 0 ? '' : `, ${service.gpuCount} GPU`}`,
          endpoint: service.endpoint,
          created: timeText(service.createdAt),
        })
        printLine()
        await printInstances(session, name, false)
      },
    })
    .add<{ ended?: boolean }>({
      usage: 'instances <service>',
      summary: 'list the instances of a service',
      examples: ['berth service instances digits --ended'],
      options: [['--ended', 'also those that have ended']],
      async run({ session, args: [service = ''], options }) {
        if (!options.json) return printInstances(session, service, options.ended ?? false)
        const query = { ended: options.ended ? ('true' as const) : ('false' as const) }
        printJson(await session.call('GET /v1/services/{service}/instances', { params: { service }, query }))
      },
    })
    .add({
      usage: 'access-key <service>',
      summary: 'show the access key that callers of a service send',
      examples: ['berth service access-key digits'],
      async run({ session, args: [service = ''], options }) {
        const key = await session.call('GET /v1/services/{service}/access-key', { params: { service } })
        if (options.json) printJson(key)
        else printFields({ endpoint: key.endpoint, 'access key': key.accessKey })
      },
    })
}

async function printInstances(session: Session, service: string, ended: boolean): Promise<void> {
  const query = { ended: ended ? ('true' as const) : ('false' as const) }
  const { items } = await session.call('GET /v1/services/{service}/instances', { params: { service }, query })
  const rows = items.map((one): Cell[] => [
    one.serviceInstanceId,
    one.status,
    one.machineId,
    one.version,
    one.crashCount,
    one.restartCount,
    timeText(one.createdAt),
    one.reason,
  ])
  printTable(['SERVICE INSTANCE', 'STATUS', 'MACHINE', 'VERSION', 'CRASHES', 'RESTARTS', 'CREATED', 'REASON'], rows, {
    right: ['VERSION', 'CRASHES', 'RESTARTS'],
    empty: 'It has no instances.',
  })
}

function addRunningCommands(tree: CommandTree): void {
  const simple = (verb: 'start' | 'stop' | 'restart', summary: string): CommandTree =>
    tree.add<WaitingOptions>({
      usage: `${verb} <service>`,
      summary,
      examples: [`berth service ${verb} digits`],
      waits: true,
      async run({ session, args: [service = ''], options }) {
        const params = { service }
        const query = verb === 'stop' ? { previewId: await sayTraffic(session, service, { action: 'stop' }) } : {}
        const changed = await session.call(`POST /v1/services/{service}/${verb}`, { params, query })
        await showRollout(session, changed, options)
      },
    })
  simple('start', 'start a stopped service')
  simple('stop', 'stop a service; requests in flight finish first')
  simple('restart', 'restart every instance of a service, replacement first')
  tree
    .add<WaitingOptions & DryRunOptions>({
      usage: 'scale <service> <replicas>',
      summary: 'change how many instances run',
      examples: ['berth service scale digits 3', 'berth service scale digits 30 --dry-run'],
      options: [willItFitOption],
      waits: true,
      async run({ session, args: [service = '', count = ''], options }) {
        const replicas = number('replicas')(count)
        if (options.dryRun) return showFit(await fitOf(session, { service }, { replicas }), options)
        const body = { replicas, previewId: await sayTraffic(session, service, { action: 'scale', replicas }) }
        const changed = await session.call('POST /v1/services/{service}/scale', { params: { service }, body })
        await showRollout(session, changed, options)
      },
    })
    .add<AskingOptions & WaitingOptions>({
      usage: 'delete <service>',
      summary: 'delete a service; requests in flight finish first, its log is kept',
      examples: ['berth service delete digits --yes'],
      asks: true,
      waits: true,
      async run({ session, args: [service = ''], options }) {
        const params = { service }
        const found = await session.call(previewPath, { params, body: { action: 'delete' } })
        const question = `Delete service ${found.name} with ${found.running} running instances?`
        await confirm([...trafficTexts(found), question].join(' '), options.yes)
        const query = { previewId: found.previewId }
        const deleted = await session.call('DELETE /v1/services/{service}', { params, query })
        if (options.wait) await awaitDeleted(session, found.serviceId, options.timeout * 1000)
        if (options.json) printJson(deleted)
        else say(options.wait ? `${found.name} is deleted.` : `${found.name} is being deleted.`)
      },
    })
}

const previewPath = 'POST /v1/services/{service}/preview'
type Preview = Operations[typeof previewPath]['returns']

/** Says what becomes of its traffic group's requests; answers the id of that preview. */
async function sayTraffic(
  session: Session,
  service: string,
  body: Operations[typeof previewPath]['body'],
): Promise<string> {
  const preview = await session.call(previewPath, { params: { service }, body })
  for (const text of trafficTexts(preview)) say(text)
  return preview.previewId
}

function trafficTexts({ name, traffic }: Preview): string[] {
  if (traffic === null || traffic.sharePercentAfter === traffic.sharePercent) return []
  const { trafficGroup, sharePercent, sharePercentAfter, endsGroup } = traffic
  if (endsGroup) return [`${name} is the only one that answers ${trafficGroup}: its requests will fail.`]
  return [`${name} takes ${sharePercent} % of the requests to ${trafficGroup}, and ${sharePercentAfter} % afterwards.`]
}

function awaitDeleted(session: Session, serviceId: string, timeoutMs: number): Promise<Service | null> {
  return watch({
    what: `deleting ${serviceId}`,
    timeoutMs,
    look: () => findService(session, serviceId),
    step: service => service && { text: service.reason },
  })
}
