import { choice, given, number } from '../arguments.ts'
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree } from '../command.ts'
import { refuse } from '../failure.ts'
import { type Cell, printFields, printJson, printTable, say, timeText } from '../output.ts'
import type { Session } from '../session.ts'
import { addEarlyReleaseCommand } from './early-release.ts'

const userRoles = ['owner', 'finance', 'developer', 'viewer'] as const

export function addAccountCommands(tree: CommandTree): void {
  tree.add({
    usage: 'whoami',
    summary: 'say who the access key belongs to',
    examples: ['berth whoami', 'berth whoami --as operator'],
    async run({ session, options }) {
      const who = await session.call('GET /v1/whoami')
      if (options.json) return printJson(who)
      printFields({
        API: session.apiUrl,
        account: who.accountId,
        user: `${who.userName} (${who.userId})`,
        role: who.role,
        'access key': who.accessKeyId,
      })
    },
  })
  const accounts = tree.noun('account', 'accounts: the tenants, made by the operator')
  addAccounts(accounts)
  addEarlyReleaseCommand(accounts)
  const users = tree.noun('user', 'users of the account and their access keys')
  addUsers(users)
  addPasswords(users)
  addSwitches(users)
  addAccessKeys(users)
}

function addAccounts(tree: CommandTree): void {
  tree
    .add({
      usage: 'list',
      summary: 'list accounts',
      examples: ['berth account list'],
      as: 'operator',
      async run({ session, options }) {
        const found = await session.call('GET /v1/accounts')
        if (options.json) return printJson(found)
        const rows = found.items.map((one): Cell[] => [one.accountId, one.name, timeText(one.createdAt)])
        printTable(['ACCOUNT', 'NAME', 'CREATED'], rows, { empty: 'No accounts.' })
      },
    })
    .add<{ owner?: string; password?: boolean }>({
      usage: 'create <name>',
      summary: 'create an account, with its owner and the first access key',
      examples: ['berth account create team-b --owner bo'],
      options: [
        ['--owner <name>', 'name of its first user; admin by default'],
        ['--password', 'also a random password to sign in with'],
      ],
      as: 'operator',
      async run({ session, args: [name = ''], options }) {
        const body = { name, withPassword: options.password ?? false, ...given({ ownerName: options.owner }) }
        const made = await session.call('POST /v1/accounts', { body })
        if (options.json) return printJson(made)
        printFields({
          account: made.account.accountId,
          user: `${options.owner ?? 'admin'} (${made.key.userId})`,
          ...(made.password === null ? {} : { password: made.password }),
          'access key': made.key.accessKeyId,
          secret: made.key.secret,
        })
        say('The secret is shown this once.')
      },
    })
}

function addUsers(tree: CommandTree): void {
  tree
    .add({
      usage: 'list',
      summary: 'list users of the account',
      examples: ['berth user list'],
      async run({ session, options }) {
        const found = await session.call('GET /v1/users')
        if (options.json) return printJson(found)
        const rows = found.items.map((one): Cell[] => [
          one.userId,
          one.name,
          one.role,
          one.email,
          one.disabledAt === null ? 'active' : 'disabled',
          timeText(one.createdAt),
        ])
        printTable(['USER', 'NAME', 'ROLE', 'E-MAIL', 'STATE', 'CREATED'], rows, { empty: 'No users.' })
      },
    })
    .add<{ role?: (typeof userRoles)[number] }>({
      usage: 'create <name>',
      summary: 'create a user',
      examples: ['berth user create ana --role developer'],
      options: [['--role <role>', `${userRoles.join(', ')}; viewer by default`, choice('role', userRoles)]],
      async run({ session, args: [name = ''], options }) {
        const user = await session.call('POST /v1/users', { body: { name, role: options.role ?? 'viewer' } })
        if (options.json) return printJson(user)
        say(`${user.userId} is ${user.role}. \`berth user create-key ${user.userId}\` makes an access key.`)
      },
    })
    .add<{ role?: (typeof userRoles)[number]; email?: string }>({
      usage: 'add <name>',
      summary: 'create a user with a random password to sign in with',
      examples: ['berth user add ana --role developer --email ana@example.org'],
      options: [
        ['--role <role>', `${userRoles.join(', ')}; viewer by default`, choice('role', userRoles)],
        ['--email <address>', 'what an identity provider knows the user by'],
      ],
      async run({ session, args: [name = ''], options }) {
        const body = { name, role: options.role ?? ('viewer' as const), withPassword: true }
        const user = await session.call('POST /v1/users', { body: { ...body, ...given({ email: options.email }) } })
        if (options.json) return printJson(user)
        printFields({ user: `${user.name} (${user.userId})`, role: user.role, password: user.password })
        say('The password is shown this once.')
      },
    })
    .add<{ role?: (typeof userRoles)[number]; email?: string }>({
      usage: 'change <user>',
      summary: 'change role or e-mail of a user, by name or id',
      examples: ['berth user change ana --role owner'],
      options: [
        ['--role <role>', userRoles.join(', '), choice('role', userRoles)],
        ['--email <address>', 'what an identity provider knows the user by'],
      ],
      async run({ session, args: [user = ''], options }) {
        const params = { userId: await userIdOf(session, user) }
        const body = given({ role: options.role, email: options.email })
        const changed = await session.call('PATCH /v1/users/{userId}', { params, body })
        if (options.json) return printJson(changed)
        say(`${changed.name} is ${changed.role}${changed.email === null ? '' : `, ${changed.email}`}.`)
      },
    })
}

function addPasswords(tree: CommandTree): void {
  tree.add<AskingOptions>({
    usage: 'reset-password <user>',
    summary: 'make a new random password for a user, by name or id; their sessions end',
    examples: ['berth user reset-password admin --yes', 'berth user reset-password operator --as operator --yes'],
    asks: true,
    async run({ session, args: [user = ''], options }) {
      await confirm(`Reset the password of ${user}? The old one and every session end.`, options.yes)
      const params = { userId: await userIdOf(session, user) }
      const made = await session.call('POST /v1/users/{userId}/reset-password', { params })
      if (options.json) return printJson(made)
      printFields({ user: made.userId, password: made.password })
      say('The password is shown this once.')
    },
  })
}

function addSwitches(tree: CommandTree): void {
  tree
    .add<AskingOptions>({
      usage: 'disable <user>',
      summary: 'keep a user out, by name or id: sessions end, access keys are refused; what they did stays',
      examples: ['berth user disable ana --yes'],
      asks: true,
      async run({ session, args: [user = ''], options }) {
        await confirm(`Disable ${user}? Every session ends and every access key is refused at once.`, options.yes)
        const params = { userId: await userIdOf(session, user) }
        const changed = await session.call('POST /v1/users/{userId}/disable', { params })
        if (options.json) return printJson(changed)
        say(`${changed.name} is disabled. \`berth user enable ${changed.name}\` lets them in again.`)
      },
    })
    .add({
      usage: 'enable <user>',
      summary: 'let a disabled user in again, by name or id',
      examples: ['berth user enable ana'],
      async run({ session, args: [user = ''], options }) {
        const params = { userId: await userIdOf(session, user) }
        const changed = await session.call('POST /v1/users/{userId}/enable', { params })
        if (options.json) return printJson(changed)
        say(`${changed.name} can come in again.`)
      },
    })
}

/** Users are named by id or by name. */
export async function userIdOf(session: Session, user: string): Promise<string> {
  if (user.startsWith('usr-')) return user
  const { items } = await session.call('GET /v1/users')
  const found = items.find(one => one.name === user)
  if (found) return found.userId
  throw refuse('UserNotFound', `there is no user "${user}" in this account`, 'user')
}

function addAccessKeys(tree: CommandTree): void {
  const showKey = (key: { accessKeyId: string; secret: string }, json: boolean): void => {
    if (json) {
      printJson(key)
      return
    }
    printFields({ 'access key': key.accessKeyId, secret: key.secret })
    say('The secret is shown this once.')
  }
  tree
    .add({
      usage: 'keys',
      summary: 'list access keys of the account, without secrets',
      examples: ['berth user keys'],
      async run({ session, options }) {
        const found = await session.call('GET /v1/access-keys')
        if (options.json) return printJson(found)
        const rows = found.items.map((key): Cell[] => [
          key.accessKeyId,
          key.userName,
          key.refusals.revoke === null ? 'valid' : key.revokedAt === null ? 'ended' : 'revoked',
          timeText(key.expiresAt),
          timeText(key.lastUsedAt),
        ])
        printTable(['ACCESS KEY', 'USER', 'STATE', 'EXPIRES', 'LAST USED'], rows, { empty: 'No access keys.' })
      },
    })
    .add({
      usage: 'create-key [user]',
      summary: 'create an access key for yourself, or for a user by name or id',
      examples: ['berth user create-key', 'berth user create-key ana'],
      async run({ session, args: [user], options }) {
        const userId = user === undefined ? undefined : await userIdOf(session, user)
        showKey(await session.call('POST /v1/access-keys', { body: given({ userId }) }), options.json)
      },
    })
    .add<{ overlap?: number }>({
      usage: 'rotate-key <key>',
      summary: 'make a new access key; the old one ends after the overlap',
      examples: ['berth user rotate-key AK… --overlap 3600'],
      options: [['--overlap <seconds>', 'a day by default', number('overlap')]],
      async run({ session, args: [accessKeyId = ''], options }) {
        const input = { params: { accessKeyId }, body: given({ overlapSeconds: options.overlap }) }
        showKey(await session.call('POST /v1/access-keys/{accessKeyId}/rotate', input), options.json)
      },
    })
    .add<AskingOptions>({
      usage: 'revoke-key <key>',
      summary: 'revoke an access key at once',
      examples: ['berth user revoke-key AK… --yes'],
      asks: true,
      async run({ session, args: [accessKeyId = ''], options }) {
        await confirm(`Revoke ${accessKeyId}? Whoever uses it is refused from now on.`, options.yes)
        await session.call('POST /v1/access-keys/{accessKeyId}/revoke', { params: { accessKeyId } })
        if (options.json) printJson({ accessKeyId })
        else say(`${accessKeyId} is revoked.`)
      },
    })
}
