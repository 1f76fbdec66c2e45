import type { Operations } from '../../client/client.ts'
import type { CommandTree } from '../command.ts'
import { moneyText, printJson, printTable, say, timeText } from '../output.ts'

type Notice = Operations['GET /v1/notices']['returns']['items'][number]

/** What a notice tells, in a line. */
function noticeText({ kind, data }: Notice): string {
  const at = (value: unknown): string => (typeof value === 'string' ? timeText(value) : '-')
  const moneyOf = (value: unknown): string => (typeof value === 'string' ? moneyText(value) : '-')
  switch (kind) {
    case 'subscription.expires': {
      const auto = data.autoRenew === true ? ', renews by itself' : ''
      return `expires ${at(data.expiresAt)}, in ${data.before}${auto}`
    }
    case 'subscription.renewed':
      return `renewed by itself until ${at(data.expiresAt)} (${data.orderId})`
    case 'subscription.renewal_failed':
      return `could not renew by itself: ${data.message}; ${data.nextTryAt === null ? 'no more tries' : `next try ${at(data.nextTryAt)}`}`
    case 'subscription.expired':
      return `expired and stopped; kept until ${at(data.keptUntil)}, renew it to bring it back`
    case 'subscription.released':
      return `released: it expired ${at(data.expiresAt)}`
    case 'balance.low':
      return `${moneyOf(data.availableFen)} left, at ${moneyOf(data.burnPerDayFen)} a day: lasts until ${at(data.lastsUntil)}; top up`
    case 'arrears.began':
      return `the account owes ${moneyOf(data.owedFen)}: its pay-as-you-go machines stop ${at(data.stopsAt)}, unless all is paid before`
    case 'arrears.stopped':
      return `${data.quantity} machines stopped, ${moneyOf(data.owedFen)} owed; kept until ${at(data.keptUntil)}, pay all of it to bring them back`
    case 'arrears.cleared':
      return `all is paid: ${data.quantity} machines start again`
    case 'arrears.released':
      return `${data.quantity} machines released: ${moneyOf(data.owedFen)} owed were not paid`
  }
}

export function addNoticeCommands(notices: CommandTree): void {
  notices.add<{ all?: true }>({
    usage: 'list',
    summary: 'list what the account was told and nobody has read yet, newest first',
    examples: ['berth notice list', 'berth notice list --all'],
    options: [['--all', 'also what was read']],
    async run({ session, options }) {
      const query = options.all ? {} : { unread: 'true' as const }
      const { items } = await session.call('GET /v1/notices', { query })
      if (options.json) return printJson(items)
      printTable(
        ['NOTICE', 'WHEN', 'SEVERITY', 'ABOUT', 'TELLS'],
        items.map(one => [one.noticeId, timeText(one.createdAt), one.severity, one.subjectId, noticeText(one)]),
        { empty: 'No notices.' },
      )
    },
  })
  notices.add({
    usage: 'read <notice>',
    summary: 'mark notices as read, up to and with this one',
    examples: ['berth notice read 42'],
    async run({ session, args: [throughNoticeId = ''], options }) {
      const { read } = await session.call('POST /v1/notices/read', { body: { throughNoticeId } })
      if (options.json) printJson({ read })
      else say(`${read} marked as read.`)
    },
  })
}
