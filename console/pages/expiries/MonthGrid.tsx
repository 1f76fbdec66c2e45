// A month as a calendar's page: what expires on each day, and what renewing it costs.
import { expiries as texts } from '../../i18n/expiries.ts'
import { formatDay, formatFen, formatMonth, formatNumber, formatWeekday, textFrom } from '../../i18n/t.ts'
import { useInstallation } from '../../ui/installation.ts'
import { aWeek, weeksOf } from '../../ui/month.ts'
import type { ExpiryDay } from './ExpiryPage.tsx'

interface Props {
  month: string
  days: readonly ExpiryDay[]
  chosen: string | undefined
  onChoose: (day: string) => void
}

export function MonthGrid({ month, days, chosen, onChoose }: Props) {
  const found = new Map(days.map(day => [day.day, day]))
  return (
    <table className="month" aria-label={formatMonth(month)}>
      <thead>
        <tr>
          {aWeek.map(day => (
            <th key={day} scope="col" className="month-head">
              {formatWeekday(day)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeksOf(month).map(week => (
          <tr key={week.join()}>
            {week.map((day, index) => (
              <td key={day ?? aWeek[index]}>
                {day === null ? null : (
                  <>
                    <div className="month-day numeric">{Number(day.slice(-2))}</div>
                    <Expiring expiring={found.get(day)} chosen={day === chosen} onChoose={onChoose} />
                  </>
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

interface ExpiringProps {
  expiring: ExpiryDay | undefined
  chosen: boolean
  onChoose: (day: string) => void
}

function Expiring({ expiring, chosen, onChoose }: ExpiringProps) {
  const currency = useInstallation()?.currency ?? 'CNY'
  if (!expiring) return null
  const { day, machines, autoRenew, renewalFen } = expiring
  return (
    <button type="button" className="month-expiries" aria-pressed={chosen} onClick={() => onChoose(day)}>
      <span className="visually-hidden">{formatDay(day)}</span>
      <span className="month-short">{formatNumber(machines)}</span>
      <span className="month-long">{textFrom(texts, 'expiries.machines', { count: machines })}</span>
      <span className="month-long numeric">{formatFen(renewalFen, currency)}</span>
      <span className="visually-hidden">{textFrom(texts, 'expiries.ofThem', { auto: formatNumber(autoRenew) })}</span>
    </button>
  )
}
