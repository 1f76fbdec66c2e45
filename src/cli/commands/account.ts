import { choice, given, number } from '../arguments.ts'
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree } from '../command.ts'
import { type Cell, printFields, printJson, printTable, say, timeText } from '../output.ts'

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
  addAccounts(tree.noun('account', 'accounts: the tenants, made by the operator'))
  const users = tree.noun('user', 'users of the account and their access keys')
  addUsers(users)
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
    .add<{ owner?: string }>({
      usage: 'create <name>',
      summary: 'create an account, with its owner and the first access key',
      examples: ['berth account create team-b --owner bo'],
      options: [['--owner <name>', 'name of its first user; admin by default']],
      as: 'operator',
      async run({ session, args: [name = ''], options }) {
        const made = await session.call('POST /v1/accounts', { body: { name, ...given({ ownerName: options.owner }) } })
        if (options.json) return printJson(made)
        printFields({
          account: made.account.accountId,
          user: made.key.userId,
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
        const rows = found.items.map((one): Cell[] => [one.userId, one.name, one.role, timeText(one.createdAt)])
        printTable(['USER', 'NAME', 'ROLE', 'CREATED'], rows, { empty: 'No users.' })
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
          key.userId,
          key.revokedAt === null ? 'valid' : 'revoked',
          timeText(key.expiresAt),
          timeText(key.lastUsedAt),
        ])
        printTable(['ACCESS KEY', 'USER', 'STATE', 'EXPIRES', 'LAST USED'], rows, { empty: 'No access keys.' })
      },
    })
    .add({
      usage: 'create-key <user>',
      summary: 'create an access key for a user',
      examples: ['berth user create-key usr-…'],
      async run({ session, args: [userId = ''], options }) {
        showKey(await session.call('POST /v1/access-keys', { body: { userId } }), options.json)
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
