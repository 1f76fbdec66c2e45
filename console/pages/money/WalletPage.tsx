import type { Item } from '../../api.ts'
import { t, tryT } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useAll, useApi } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { ExplainedMoney } from '../../ui/Explained.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { Money } from '../../ui/Money.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { ArrearsBanner } from './ArrearsBanner.tsx'

type Movement = Item<'GET /v1/wallet/transfers'>

export function WalletPage() {
  const wallet = useApi('GET /v1/wallet', {}, live)
  const movements = useAll('GET /v1/wallet/transfers', {}, live)
  if (wallet.error && !wallet.data) {
    return <ErrorState error={wallet.error} onRetry={() => void wallet.refetch()} page={{ title: t('wallet.title') }} />
  }
  if (!wallet.data) return <PageSkeleton />
  const { availableFen, cashFen, voucherFen, accruedFen, burnPerDayFen, lastsUntil, arrears } = wallet.data
  return (
    <>
      <PageHeader title={t('wallet.title')} />
      {arrears && <ArrearsBanner arrears={arrears} />}
      <Facts
        items={[
          [t('wallet.available'), <Money key="available" fen={availableFen} />],
          [t('wallet.cash'), <Money key="cash" fen={cashFen} />],
          [t('wallet.voucher'), <Money key="voucher" fen={voucherFen} />],
          [t('wallet.accrued'), <Money key="accrued" fen={accruedFen} />],
          [t('wallet.burn'), <Money key="burn" fen={burnPerDayFen} />],
          [t('wallet.lastsUntil'), lastsUntil ? <BillingInstant key="until" at={lastsUntil} /> : t('wallet.lasts')],
        ]}
      />
      <h2 style={{ fontSize: 16 }}>{t('wallet.transfers')}</h2>
      <DataTable<Movement>
        label={t('wallet.transfers')}
        answer={movements}
        rowKey={movement => movement.transferId + movement.signedFen}
        empty={<EmptyState title={t('wallet.noTransfers')} />}
        columns={[
          {
            title: t('events.at'),
            width: widths.zonedInstantWithSeconds,
            render: (_, { at }) => <BillingInstant at={at} seconds />,
          },
          { title: t('wallet.kind'), width: widths.status, render: (_, { kind }) => tryT(`transfer.${kind}`) ?? kind },
          {
            title: t('wallet.amount'),
            width: widths.money,
            render: (_, { transferId, signedFen }) => (
              <ExplainedMoney fen={signedFen} of={{ kind: 'transfer', id: transferId }} />
            ),
          },
          {
            title: t('wallet.order'),
            width: widths.orderId,
            render: (_, { orderId }) => (orderId ? <IdText id={orderId} to={paths.order(orderId)} /> : '—'),
          },
          {
            title: t('wallet.memo'),
            width: widths.text,
            render: (_, { memo }) => <span className="said">{memo || '—'}</span>,
          },
        ]}
      />
    </>
  )
}
