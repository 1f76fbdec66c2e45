// Which machines expire on which day, what renewing them costs, and the way to renew those of a day. The month and the day
// stand in the address.
import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import type { Returns } from '../../api.ts'
import { expiries as texts } from '../../i18n/expiries.ts'
import { formatDay, formatMonth, formatNumber, t, textFrom } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { live, useApi } from '../../queries.ts'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { Money } from '../../ui/Money.tsx'
import { isMonth, monthBefore, monthNext } from '../../ui/month.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { ExpiringMachines } from './ExpiringMachines.tsx'
import { MonthGrid } from './MonthGrid.tsx'

export type ExpiryDay = Returns<'GET /v1/expiries'>['days'][number]

const sum = (days: readonly ExpiryDay[], read: (day: ExpiryDay) => string): string =>
  days.reduce((total, day) => total + BigInt(read(day)), 0n).toString()

export function ExpiryPage() {
  const [search, setSearch] = useSearchState<'month' | 'day' | 'page'>()
  const query = search.month && isMonth(search.month) ? { month: search.month } : {}
  const expiries = useApi('GET /v1/expiries', { query }, live)
  if (expiries.error && !expiries.data) {
    const page = { title: t('nav.expiries') }
    return <ErrorState error={expiries.error} onRetry={() => void expiries.refetch()} page={page} />
  }
  if (!expiries.data) return <PageSkeleton />
  const { month, billingZone, days } = expiries.data
  const choose = (change: { month?: string; day?: string }) => setSearch({ day: undefined, page: undefined, ...change })
  const turn = (label: string, to: string, icon: React.ReactNode) => (
    <Button aria-label={label} icon={icon} onClick={() => choose({ month: to })} />
  )
  return (
    <>
      <PageHeader title={t('nav.expiries')} />
      <div className="toolbar">
        <div className="buttons" style={{ alignItems: 'center' }}>
          {turn(textFrom(texts, 'expiries.previous'), monthBefore(month), <LeftOutlined aria-hidden />)}
          <h2 aria-live="polite" style={{ fontSize: 16, margin: 0, minWidth: 130, textAlign: 'center' }}>
            {formatMonth(month)}
          </h2>
          {turn(textFrom(texts, 'expiries.next'), monthNext(month), <RightOutlined aria-hidden />)}
        </div>
        <span className="quiet">{textFrom(texts, 'expiries.zone', { zone: billingZone })}</span>
      </div>
      {days.length > 0 ? <Totals days={days} /> : <p>{textFrom(texts, 'expiries.none')}</p>}
      <MonthGrid month={month} days={days} chosen={search.day} onChoose={day => choose({ month, day })} />
      {search.day ? (
        <>
          <h2 style={{ fontSize: 16 }}>{textFrom(texts, 'expiries.dayTitle', { day: formatDay(search.day) })}</h2>
          <ExpiringMachines key={search.day} day={search.day} />
        </>
      ) : days.length > 0 ? (
        <p className="quiet">{textFrom(texts, 'expiries.chooseDay')}</p>
      ) : null}
    </>
  )
}

function Totals({ days }: { days: ExpiryDay[] }) {
  const count = (read: (day: ExpiryDay) => number) => formatNumber(days.reduce((total, day) => total + read(day), 0))
  return (
    <>
      <Facts
        items={[
          [textFrom(texts, 'expiries.inMonth'), count(day => day.machines)],
          [textFrom(texts, 'expiries.toRenew'), <Money key="all" fen={sum(days, day => day.renewalFen)} />],
          [textFrom(texts, 'expiries.autoRenewing'), count(day => day.autoRenew)],
          [textFrom(texts, 'expiries.autoRenewFen'), <Money key="auto" fen={sum(days, day => day.autoRenewFen)} />],
        ]}
      />
      <p className="quiet">{textFrom(texts, 'expiries.priceHint')}</p>
    </>
  )
}
