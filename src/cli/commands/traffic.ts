import type { Operations } from '../../client/client.ts'
import { number } from '../arguments.ts'
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree, WaitingOptions } from '../command.ts'
import { refuse } from '../failure.ts'
import { type Cell, printFields, printJson, printLine, printTable, say, timeText } from '../output.ts'
import { watch } from '../progress.ts'
import type { Session } from '../session.ts'

type Group = Operations['GET /v1/traffic-groups/{trafficGroup}']['returns']
type Split = NonNullable<Operations['PUT /v1/traffic-groups/{trafficGroup}/split']['body']>

export function addTrafficCommands(tree: CommandTree): void {
  addGroupCommands(tree)
  addSplitCommands(tree)
  addMemberCommands(tree)
}

const memberRows = (group: Group): Cell[][] =>
  group.members.map(member => [member.name, member.weight, `${member.sharePercent} %`, member.running, member.endpoint])

function printGroup(group: Group): void {
  const { live, acknowledged } = group.gateways
  printFields({
    'traffic group': group.trafficGroupId,
    name: group.name,
    endpoint: group.endpoint,
    'split by': group.mode === 'auto' ? 'instances' : 'weights',
    gateways: `${acknowledged} of ${live} obey the last change`,
  })
  printLine()
  printTable(['MEMBER', 'WEIGHT', 'SHARE', 'RUNNING', 'ENDPOINT'], memberRows(group), {
    right: ['WEIGHT', 'SHARE', 'RUNNING'],
    empty: 'It has no members.',
  })
}

function addGroupCommands(tree: CommandTree): void {
  tree
    .add({
      usage: 'list',
      summary: 'list traffic groups',
      examples: ['berth traffic list'],
      async run({ session, options }) {
        const found = await session.call('GET /v1/traffic-groups')
        if (options.json) return printJson(found)
        const rows = found.items.map((group): Cell[] => [
          group.name,
          group.members.map(({ name, sharePercent }) => `${name} ${sharePercent} %`).join(', '),
          group.endpoint,
        ])
        printTable(['GROUP', 'SHARES', 'ENDPOINT'], rows, {
          empty: 'No traffic groups. `berth traffic join <service> <group>` makes one.',
        })
      },
    })
    .add({
      usage: 'show <group>',
      summary: 'show how the requests of a traffic group are split',
      examples: ['berth traffic show shop'],
      async run({ session, args: [trafficGroup = ''], options }) {
        const group = await session.call('GET /v1/traffic-groups/{trafficGroup}', { params: { trafficGroup } })
        if (options.json) printJson(group)
        else printGroup(group)
      },
    })
    .add({
      usage: 'access-key <group>',
      summary: 'show the access key that callers of a traffic group send',
      examples: ['berth traffic access-key shop'],
      async run({ session, args: [trafficGroup = ''], options }) {
        const params = { trafficGroup }
        const key = await session.call('GET /v1/traffic-groups/{trafficGroup}/access-key', { params })
        if (options.json) printJson(key)
        else printFields({ endpoint: key.endpoint, 'access key': key.accessKey })
      },
    })
}

type SplitOptions = AskingOptions & WaitingOptions

function addSplitCommands(tree: CommandTree): void {
  tree
    .add<SplitOptions>({
      usage: 'weights <group> <weights...>',
      summary: 'split the requests of a group: <service>=<0 to 1000>, or `auto` for the number of instances',
      examples: ['berth traffic weights shop blue=90 green=10', 'berth traffic weights shop auto'],
      asks: true,
      waits: true,
      run: async ({ session, args: [group = '', ...weights], options }) =>
        split(session, group, splitOf(weights), options),
    })
    .add<SplitOptions>({
      usage: 'switch <group> <service>',
      summary: 'give everything to one member (blue-green release)',
      examples: ['berth traffic switch shop green'],
      asks: true,
      waits: true,
      run: async ({ session, args: [group = '', switchTo = ''], options }) =>
        split(session, group, { switchTo }, options),
    })
    .add<WaitingOptions>({
      usage: 'switch-back <group>',
      summary: 'restore the weights from before the last change',
      examples: ['berth traffic switch-back shop'],
      waits: true,
      async run({ session, args: [trafficGroup = ''], options }) {
        const params = { trafficGroup }
        await showSplit(
          session,
          await session.call('POST /v1/traffic-groups/{trafficGroup}/switch-back', { params }),
          options,
        )
      },
    })
}

function splitOf(weights: readonly string[]): Split {
  if (weights.length === 1 && weights[0] === 'auto') return { mode: 'auto' }
  const pairs = weights.map((text): [string, number] => {
    const [, name, weight] = /^([^=]+)=(\d+)$/.exec(text) ?? []
    if (name !== undefined) return [name, Number(weight)]
    throw refuse('InvalidArgument', `weights: expected <service>=<weight> or auto, got "${text}"`, 'weights')
  })
  return { mode: 'weighted', weights: Object.fromEntries(pairs) }
}

/** What it would do, a yes, and the change, until every gateway obeys it. */
async function split(session: Session, group: string, body: Split, options: SplitOptions & { json: boolean }) {
  const params = { trafficGroup: group }
  const preview = await session.call('POST /v1/traffic-groups/{trafficGroup}/split/preview', { params, body })
  for (const member of preview.members) {
    say(`${member.name}: ${member.sharePercent} % → ${member.sharePercentAfter} %, ${member.running} running`)
  }
  if (!preview.changed) say('It is so already.')
  else await confirm(`Split the requests of ${group} so?`, options.yes)
  await showSplit(session, await session.call('PUT /v1/traffic-groups/{trafficGroup}/split', { params, body }), options)
}

async function showSplit(session: Session, changed: Group, options: WaitingOptions & { json: boolean }): Promise<void> {
  const params = { trafficGroup: changed.trafficGroupId }
  const group = options.wait
    ? await watch({
        what: `the gateways of ${changed.name}`,
        timeoutMs: options.timeout * 1000,
        look: () => session.call('GET /v1/traffic-groups/{trafficGroup}', { params }),
        step: ({ gateways: { live, acknowledged } }) =>
          acknowledged === live ? null : { text: 'gateways obey', done: acknowledged, of: live },
      })
    : changed
  if (options.json) printJson(group)
  else printGroup(group)
}

function addMemberCommands(tree: CommandTree): void {
  tree
    .add({
      usage: 'join <service> <group>',
      summary: 'put a service into a traffic group; the first one makes it and takes everything',
      examples: ['berth traffic join digits_v2 shop'],
      async run({ session, args: [service = '', name = ''], options }) {
        const params = { service }
        const traffic = await session.call('PUT /v1/services/{service}/traffic-group', { params, body: { name } })
        if (options.json) printJson(traffic)
        else if (traffic.trafficGroup) printGroup(traffic.trafficGroup)
      },
    })
    .add<AskingOptions>({
      usage: 'leave <service>',
      summary: 'take a service out of its traffic group; what it got there goes to the others',
      examples: ['berth traffic leave digits_v1 --yes'],
      asks: true,
      async run({ session, args: [service = ''], options }) {
        const params = { service }
        const { trafficGroup } = await session.call('GET /v1/services/{service}/traffic', { params })
        const share = trafficGroup?.members.find(one => one.name === service || one.serviceId === service)?.sharePercent
        if (trafficGroup)
          await confirm(`Take ${service}, with ${share} % of ${trafficGroup.name}, out of it?`, options.yes)
        const traffic = await session.call('DELETE /v1/services/{service}/traffic-group', { params })
        if (options.json) printJson(traffic)
        else say(`${service} is in no traffic group.`)
      },
    })
    .add({
      usage: 'mirror <service> <percent> [targets...]',
      summary: 'copy a share of the requests of a service to others; 0 ends it',
      examples: ['berth traffic mirror digits 10 digits_v2', 'berth traffic mirror digits 0'],
      async run({ session, args: [service = '', percent = '', ...targets], options }) {
        const body = { percent: number('percent')(percent), targets }
        const traffic = await session.call('PUT /v1/services/{service}/mirror', { params: { service }, body })
        if (options.json) printJson(traffic)
        else if (traffic.mirror === null) say(`Nothing of ${service} is copied.`)
        else
          say(
            `${traffic.mirror.percent} % of ${service} is copied to ${traffic.mirror.targets.map(t => t.name).join(', ')}.`,
          )
      },
    })
}

/** Beside `berth service access-key`. */
export function addServiceKeyCommands(tree: CommandTree): void {
  tree
    .add({
      usage: 'access-keys <service>',
      summary: 'list the access keys of a service, newest first, with when each was used last',
      examples: ['berth service access-keys digits'],
      async run({ session, args: [service = ''], options }) {
        const found = await session.call('GET /v1/services/{service}/access-keys', { params: { service } })
        if (options.json) return printJson(found)
        const rows = found.items.map((key): Cell[] => [
          key.keyId,
          key.usable ? 'usable' : 'ended',
          timeText(key.createdAt),
          key.expiresAt === null ? null : timeText(key.expiresAt),
          key.lastUsedAt === null ? null : timeText(key.lastUsedAt),
        ])
        printTable(['KEY', 'STATE', 'CREATED', 'ENDS', 'LAST USED'], rows, { empty: 'It has no keys.' })
      },
    })
    .add<AskingOptions & { overlap?: number }>({
      usage: 'rotate-key <service>',
      summary: 'make a new access key; the present ones end after the overlap',
      examples: ['berth service rotate-key digits --overlap 3600', 'berth service rotate-key digits --overlap 0 --yes'],
      options: [['--overlap <seconds>', 'how long the present keys stay right; a day by default', number('overlap')]],
      asks: true,
      async run({ session, args: [service = ''], options }) {
        const { overlap: overlapSeconds = 86_400 } = options
        if (overlapSeconds === 0) await confirm(`End the present keys of ${service} at once?`, options.yes)
        const body = { overlapSeconds }
        const made = await session.call('POST /v1/services/{service}/access-keys/rotate', { params: { service }, body })
        if (options.json) printJson(made)
        else printFields({ key: made.keyId, 'access key': made.accessKey })
      },
    })
    .add<AskingOptions>({
      usage: 'revoke-key <service> <key>',
      summary: 'end an access key of a service at once',
      examples: ['berth service revoke-key digits eas-k-33bgtm82ypkh76qce5kn --yes'],
      asks: true,
      async run({ session, args: [service = '', keyId = ''], options }) {
        await confirm(`End the access key ${keyId} of ${service} at once?`, options.yes)
        const params = { service, keyId }
        await session.call('POST /v1/services/{service}/access-keys/{keyId}/revoke', { params })
        if (options.json) printJson({ keyId })
        else say(`${keyId} is revoked.`)
      },
    })
}
