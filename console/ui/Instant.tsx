import { formatInstant, t } from '../i18n/t.ts'
import { useInstallation } from './installation.ts'

/** A point in time as this browser's calendar has it; a hint gives it in UTC. */
export function Instant({ at, seconds = false }: { at: string | null; seconds?: boolean }) {
  if (at === null) return <span>—</span>
  return (
    <time dateTime={at} className="numeric" title={`${formatInstant(at, 'UTC', true)} UTC`}>
      {formatInstant(at, undefined, seconds)}
    </time>
  )
}

/** A point in time that money hangs on: in the billing zone, and it says so. */
export function BillingInstant({ at, seconds = false }: { at: string | null; seconds?: boolean }) {
  const zone = useInstallation()?.billingZone
  if (at === null) return <span>—</span>
  return (
    <time dateTime={at} className="numeric zoned" title={t('common.inBillingZone', { zone: zone ?? '' })}>
      <span>{formatInstant(at, zone, seconds)}</span> {zone ? shortZone(at, zone) : ''}
    </time>
  )
}

const zones = new Map<string, string>()

/** `GMT+8`: of one zone and day at a time, as clocks are put forward and back. */
export function shortZone(at: string, timeZone: string): string {
  const key = `${timeZone} ${at.slice(0, 10)}`
  const known = zones.get(key)
  if (known !== undefined) return known
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'shortOffset' }).formatToParts(new Date(at))
  const zone = parts.find(part => part.type === 'timeZoneName')?.value ?? timeZone
  zones.set(key, zone)
  return zone
}
