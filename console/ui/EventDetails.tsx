import { Fragment, type ReactNode } from 'react'
import { formatFen, formatList, formatMicros, formatNumber, t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import { isNoPlace, unplacedText } from './cause.ts'
import { formOf, labelOf, wordOf } from './event-details.ts'
import { GroupLink } from './GroupLink.tsx'
import { BillingInstant, Instant } from './Instant.tsx'
import { useInstallation } from './installation.ts'
import { refusalText } from './refusal.ts'
import { TextLink } from './TextLink.tsx'
import { useWorkspaceId } from './workspace.ts'

type Data = Record<string, unknown>

/** What an event says besides what happened, in words: times and money as everywhere, ids as links where they have a page. */
export function EventDetails({ data, ofMoney }: { data: Data; ofMoney: boolean }) {
  const currency = useInstallation()?.currency ?? 'CNY'
  const workspaceId = useWorkspaceId()
  return (
    <>
      {Object.entries(withReason(data))
        .filter(([, value]) => value !== null && value !== '')
        .map(([name, value], index, { length }) => (
          <Fragment key={name}>
            <span className="detail">
              {labelOf(name, value)}
              {t('common.colon')}
              <bdi>{shownAs(name, value, { currency, workspaceId, ofMoney, last: index === length - 1 })}</bdi>
              {index < length - 1 ? ' ·' : null}
            </span>{' '}
          </Fragment>
        ))}
    </>
  )
}

/** A refusal is told as everywhere: by its code, in words. */
function withReason({ code, message, details, ...rest }: Data): Data {
  if (typeof code !== 'string') return { ...rest, ...(message === undefined ? {} : { message }) }
  return { reason: { code, message, details }, ...rest }
}

interface Around {
  currency: string
  workspaceId: string | null
  ofMoney: boolean
  /** Nothing comes after it. */
  last: boolean
}

function shownAs(name: string, value: unknown, { currency, workspaceId, ofMoney, last }: Around): ReactNode {
  const text = String(value)
  switch (formOf(name, value, ofMoney)) {
    case 'instant':
      return <Instant at={text} seconds />
    case 'billing':
      return <BillingInstant at={text} />
    case 'fen':
      return formatFen(text, currency)
    case 'gib':
      return `${formatNumber(Number(value))} GiB`
    case 'price':
      return pricesOf(value, currency)
    case 'words':
      return wordOf(name, text)
    case 'order':
      return <IdLink to={paths.order(text)} id={text} />
    case 'group':
      return <GroupLink workspaceId={workspaceId} groupId={text} />
    case 'machine':
      return workspaceId === null ? text : <IdLink to={paths.machine(workspaceId, text)} id={text} />
    case 'service':
      return workspaceId === null ? text : <TextLink to={paths.service(workspaceId, text)}>{text}</TextLink>
    case 'id':
      return <span className="id-text wrap">{text}</span>
    case 'plain':
      return last ? plainText(value) : withoutStop(plainText(value))
  }
}

/** A sentence among others, which are parted by dots of another kind. */
const withoutStop = (text: string): string => text.replace(/[.。]$/, '')

/** Like every id, and in one piece. */
const IdLink = ({ to, id }: { to: string; id: string }) => (
  <TextLink to={to} className="id-text">
    {id}
  </TextLink>
)

function plainText(value: unknown): string {
  if (typeof value === 'boolean') return t(value ? 'detail.yes' : 'detail.no')
  if (typeof value === 'number') return formatNumber(value)
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return formatList(value.map(plainText))
  if (typeof value === 'object' && value !== null && isNoPlace(value)) return unplacedText(value)
  return isRefusal(value) ? refusalText(value) : JSON.stringify(value)
}

const isRefusal = (value: unknown): value is Parameters<typeof refusalText>[0] =>
  typeof value === 'object' && value !== null && 'code' in value && 'message' in value

const pricesOf = (price: unknown, currency: string): string =>
  Object.entries(price as Data)
    .filter(([name]) => name.endsWith('Micros'))
    .flatMap(([, micros]) => [micros].flat())
    .filter(micros => micros !== null)
    .map(micros => formatMicros(String(micros), currency))
    .join(' / ')
