// Who comes in and where they work: workspaces with their members, sessions, and the audit of what everybody wrote.
import { choice, given, number } from '../arguments.ts'
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree } from '../command.ts'
import { refuse } from '../failure.ts'
import { type Cell, printJson, printLine, printTable, say, timeText } from '../output.ts'
import type { Session } from '../session.ts'
import { userIdOf } from './account.ts'

const memberRoles = ['developer', 'viewer'] as const
type MemberRole = (typeof memberRoles)[number]

export function addPeopleCommands(tree: CommandTree): void {
  addWorkspaces(tree.noun('workspace', 'workspaces of the account: list, create, rename'))
  addMembers(tree.noun('member', 'members of a workspace: who sees and changes its services'))
  addSessions(tree.noun('session', 'your sign-ins at the console'))
  addAudit(tree)
}

/** Workspaces are named by id or by name. */
async function workspaceIdOf(session: Session, workspace: string): Promise<string> {
  if (workspace.startsWith('ws-')) return workspace
  const { items } = await session.call('GET /v1/workspaces')
  const found = items.find(one => one.name === workspace)
  if (found) return found.workspaceId
  throw refuse('WorkspaceNotFound', `there is no workspace "${workspace}" that you see`, 'workspace')
}

function addWorkspaces(tree: CommandTree): void {
  tree
    .add({
      usage: 'list',
      summary: 'list the workspaces that you see',
      examples: ['berth workspace list'],
      async run({ session, options }) {
        const found = await session.call('GET /v1/workspaces')
        if (options.json) return printJson(found)
        const rows = found.items.map((one): Cell[] => [one.workspaceId, one.name, timeText(one.createdAt)])
        printTable(['WORKSPACE', 'NAME', 'CREATED'], rows, { empty: 'No workspaces.' })
      },
    })
    .add({
      usage: 'create <name>',
      summary: 'create a workspace',
      examples: ['berth workspace create research'],
      async run({ session, args: [name = ''], options }) {
        const made = await session.call('POST /v1/workspaces', { body: { name } })
        if (options.json) return printJson(made)
        say(`${made.workspaceId} is made. \`berth member set ${made.name} <user>\` lets somebody in.`)
      },
    })
    .add({
      usage: 'rename <workspace> <name>',
      summary: 'rename a workspace, by name or id',
      examples: ['berth workspace rename research lab'],
      async run({ session, args: [workspace = '', name = ''], options }) {
        const params = { workspaceId: await workspaceIdOf(session, workspace) }
        const renamed = await session.call('PATCH /v1/workspaces/{workspaceId}', { params, body: { name } })
        if (options.json) return printJson(renamed)
        say(`${renamed.workspaceId} is ${renamed.name} now.`)
      },
    })
}

function addMembers(tree: CommandTree): void {
  tree
    .add({
      usage: 'list <workspace>',
      summary: 'list members of a workspace, by name or id',
      examples: ['berth member list default'],
      async run({ session, args: [workspace = ''], options }) {
        const params = { workspaceId: await workspaceIdOf(session, workspace) }
        const found = await session.call('GET /v1/workspaces/{workspaceId}/members', { params })
        if (options.json) return printJson(found)
        const rows = found.items.map((one): Cell[] => [one.userId, one.userName, one.role, timeText(one.addedAt)])
        const empty = 'No members. Owners and finance see every workspace and are not listed.'
        printTable(['USER', 'NAME', 'ROLE HERE', 'SINCE'], rows, { empty })
      },
    })
    .add<{ role?: MemberRole }>({
      usage: 'set <workspace> <user>',
      summary: 'let a user into a workspace, or change the role there',
      examples: ['berth member set research ana --role viewer'],
      options: [['--role <role>', `${memberRoles.join(', ')}; developer by default`, choice('role', memberRoles)]],
      async run({ session, args: [workspace = '', user = ''], options }) {
        const workspaceId = await workspaceIdOf(session, workspace)
        const params = { workspaceId, userId: await userIdOf(session, user) }
        const body = { role: options.role ?? ('developer' as const) }
        const member = await session.call('PUT /v1/workspaces/{workspaceId}/members/{userId}', { params, body })
        if (options.json) return printJson(member)
        say(`${member.userName} is ${member.role} in ${workspace}.`)
      },
    })
    .add<AskingOptions>({
      usage: 'remove <workspace> <user>',
      summary: 'remove a user from a workspace',
      examples: ['berth member remove research ana --yes'],
      asks: true,
      async run({ session, args: [workspace = '', user = ''], options }) {
        const workspaceId = await workspaceIdOf(session, workspace)
        const params = { workspaceId, userId: await userIdOf(session, user) }
        await confirm(`Remove ${user} from ${workspace}? They see its services no more.`, options.yes)
        await session.call('DELETE /v1/workspaces/{workspaceId}/members/{userId}', { params })
        if (options.json) return printJson(params)
        say(`${user} is removed from ${workspace}.`)
      },
    })
}

function addSessions(tree: CommandTree): void {
  tree
    .add({
      usage: 'list',
      summary: 'list your open sessions',
      examples: ['berth session list'],
      async run({ session, options }) {
        const found = await session.call('GET /v1/sessions')
        if (options.json) return printJson(found)
        const rows = found.items.map((one): Cell[] => [
          one.sessionId,
          one.method,
          one.address,
          timeText(one.createdAt),
          timeText(one.lastSeenAt),
        ])
        printTable(['SESSION', 'BY', 'FROM', 'SIGNED IN', 'LAST SEEN'], rows, { empty: 'No sessions.' })
      },
    })
    .add<AskingOptions>({
      usage: 'revoke <session>',
      summary: 'end one of your sessions at once; `all` ends every one',
      examples: ['berth session revoke ses-… --yes', 'berth session revoke all --yes'],
      asks: true,
      async run({ session, args: [sessionId = ''], options }) {
        await confirm(`End ${sessionId === 'all' ? 'every session of yours' : sessionId}?`, options.yes)
        if (sessionId === 'all') {
          const done = await session.call('POST /v1/sessions/revoke-others')
          if (options.json) return printJson(done)
          return say(`${done.revoked} sessions are over.`)
        }
        await session.call('POST /v1/sessions/{sessionId}/revoke', { params: { sessionId } })
        if (options.json) return printJson({ sessionId })
        say(`${sessionId} is over.`)
      },
    })
}

interface AuditOptions {
  who?: string
  operation?: string
  subject?: string
  result?: 'done' | 'refused'
  from?: string
  to?: string
  limit?: number
  csv?: boolean
}

function addAudit(tree: CommandTree): void {
  tree.add<AuditOptions>({
    usage: 'audit',
    summary: 'list who wrote what, when, from where and with which result, newest first',
    examples: ['berth audit --who ana --result refused', 'berth audit --from 2026-11-01T00:00:00Z --csv > audit.csv'],
    options: [
      ['--who <name>', 'part of the name, or of what was typed at a sign-in'],
      ['--operation <text>', 'part of the operation, as "POST /v1/orders"'],
      ['--subject <id>', 'what it was done to'],
      ['--result <result>', 'done or refused', choice('result', ['done', 'refused'] as const)],
      ['--from <time>', 'at or after, as 2026-11-23T01:02:03Z'],
      ['--to <time>', 'before'],
      ['--limit <count>', '1 to 500; 50 by default', number('limit')],
      ['--csv', 'all of it that matches, as CSV'],
    ],
    async run({ session, options }) {
      const { who, operation, subject, result, from, to } = options
      const query = given({ who, operation, subjectId: subject, result, from, to })
      if (options.csv) {
        const input = { query: { ...query, format: 'csv' as const } }
        for await (const line of session.lines('GET /v1/audit', input)) printLine(line)
        return
      }
      const found = await session.call('GET /v1/audit', { query: { ...query, limit: options.limit ?? 50 } })
      if (options.json) return printJson(found)
      const rows = found.items.map((one): Cell[] => [
        timeText(one.at),
        one.who,
        one.operation,
        one.subjectId,
        one.code ?? 'done',
        one.address,
      ])
      printTable(['AT', 'WHO', 'ACTION', 'TO WHAT', 'RESULT', 'FROM'], rows, { empty: 'Nothing in the audit.' })
      if (found.nextPageToken !== null) say('There is more: filter, or take all of it with --csv.')
    },
  })
}
