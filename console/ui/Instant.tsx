import { Tooltip } from 'antd'
import { formatInstant, t } from '../i18n/t.ts'
import { useInstallation } from './installation.ts'

/** A point in time as this browser's calendar has it; a hint gives it in UTC. */
export function Instant({ at, seconds = false }: { at: string | null; seconds?: boolean }) {
  if (at === null) return <span>—</span>
  return (
    <Tooltip title={`${formatInstant(at, 'UTC', true)} UTC`}>
      <time dateTime={at} className="numeric">
        {formatInstant(at, undefined, seconds)}
      </time>
    </Tooltip>
  )
}

/** A point in time that money hangs on: in the billing zone, and it says so. */
export function BillingInstant({ at }: { at: string | null }) {
  const zone = useInstallation()?.billingZone
  if (at === null) return <span>—</span>
  return (
    <Tooltip title={t('common.inBillingZone', { zone: zone ?? '' })}>
      <time dateTime={at} className="numeric">
        {formatInstant(at, zone)} {zone ? shortZone(at, zone) : ''}
      </time>
    </Tooltip>
  )
}

function shortZone(at: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'shortOffset' }).formatToParts(new Date(at))
  return parts.find(part => part.type === 'timeZoneName')?.value ?? timeZone
}
