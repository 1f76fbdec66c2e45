// A notice as a mail: what happened in Chinese and English, then the particulars.
import { formatFen } from '../lib/money.ts'
import { type Notice, type NoticeKind, severityOf } from './notice.ts'

const titles: Record<NoticeKind, readonly [zh: string, en: string]> = {
  'subscription.expires': ['机器即将到期', 'A machine expires soon'],
  'subscription.renewed': ['机器已自动续费', 'A machine was renewed'],
  'subscription.renewal_failed': ['自动续费失败', 'A machine could not be renewed'],
  'subscription.expired': ['机器已到期停机', 'A machine expired and stopped'],
  'subscription.released': ['机器已释放', 'A machine was released'],
  'balance.low': ['余额不足', 'The balance is low'],
  'arrears.began': ['账号已欠费', 'The account is in arrears'],
  'arrears.stopped': ['欠费停机', 'Machines stopped for arrears'],
  'arrears.cleared': ['欠费已结清', 'The arrears are paid'],
  'arrears.released': ['欠费机器已释放', 'Machines were released for arrears'],
}

/** `zone`: in which instants are said. */
export function mailText(notice: Notice, zone: string): { subject: string; text: string } {
  const { kind, accountId, subjectId, createdAt, data } = notice
  const [zh, en] = titles[kind]
  const particulars = Object.entries({ account: accountId, about: subjectId, at: createdAt.toString(), ...data })
  const lines = particulars.flatMap(([name, value]) => {
    const said = sayValue(name, value, zone)
    return said === null ? [] : [`${name}: ${said}`]
  })
  const subject = `[Berth] ${severityOf(kind)}: ${zh} / ${en} (${subjectId})`
  return { subject, text: [zh, en, '', ...lines, '', `${kind} · notice ${notice.id}`, ''].join('\n') }
}

function sayValue(name: string, value: unknown, zone: string): string | null {
  if (typeof value === 'string' && /^-?\d+$/.test(value) && name.endsWith('Fen')) return formatFen(BigInt(value))
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value))
    return Temporal.Instant.from(value)
      .toZonedDateTimeISO(zone)
      .toString({ smallestUnit: 'second', calendarName: 'never' })
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}
