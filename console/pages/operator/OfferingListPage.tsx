import { Button } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { formatMicros, t } from '../../i18n/t.ts'
import { live, useApi } from '../../queries.ts'
import { usePlaceNames } from '../../ui/catalog-names.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { lazyDialog } from '../../ui/lazy-dialog.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { rowAction } from '../../ui/row-action.ts'
import { ChargeTag } from '../../ui/StatusTag.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { OfferingVersions } from './OfferingVersions.tsx'

const OfferingOnSale = lazyDialog(async () => (await import('../../forms/offering-on-sale.tsx')).OfferingOnSale)
const OfferingPrice = lazyDialog(async () => (await import('../../forms/offering-price.tsx')).OfferingPrice)
const OfferingStock = lazyDialog(async () => (await import('../../forms/offering-stock.tsx')).OfferingStock)

type Offering = Item<'GET /v1/offerings'>

interface Asking {
  form: 'price' | 'stock' | 'versions' | 'onSale'
  offering: Offering
}

export function OfferingListPage() {
  const [asking, setAsking] = useState<Asking | null>(null)
  const close = () => setAsking(null)
  const offerings = useApi('GET /v1/offerings', { query: { stopped: 'true' } }, live)
  const currency = useInstallation()?.currency ?? 'CNY'
  const placeNameOf = usePlaceNames()
  return (
    <>
      <PageHeader title={t('nav.offerings')} />
      <p className="quiet">{t('operator.offeringsHint')}</p>
      <DataTable<Offering>
        label={t('nav.offerings')}
        answer={{ ...offerings, data: offerings.data?.items }}
        rowKey={offering => offering.offeringId}
        empty={<EmptyState title={t('operator.noOfferings')} />}
        columns={columns(currency, placeNameOf, setAsking)}
      />
      {asking?.form === 'price' ? <OfferingPrice offering={asking.offering} onClose={close} /> : null}
      {asking?.form === 'versions' ? <OfferingVersions offering={asking.offering} onClose={close} /> : null}
      {asking?.form === 'onSale' ? <OfferingOnSale offering={asking.offering} onClose={close} /> : null}
      {asking?.form === 'stock' ? <OfferingStock offering={asking.offering} onClose={close} /> : null}
    </>
  )
}

const columns = (currency: string, placeNameOf: (zoneId: string) => string, ask: (asking: Asking) => void) => [
  {
    title: `${t('common.zone')} / ${t('machines.spec')}`,
    render: (_: unknown, { zoneId, specId }: Offering) => (
      <div className="lines">
        <div title={zoneId}>{placeNameOf(zoneId)}</div>
        <div className="quiet">{specId}</div>
      </div>
    ),
  },
  {
    title: t('machines.charge'),
    render: (_: unknown, { chargeType }: Offering) => <ChargeTag chargeType={chargeType} />,
  },
  {
    title: t('operator.stock'),
    render: (_: unknown, { stock }: Offering) =>
      t('operator.stockOf', { available: stock.available, total: stock.total }),
  },
  {
    title: t('operator.price'),
    render: (_: unknown, { price, chargeType }: Offering) => {
      const prepaid = chargeType === 'prepaid'
      const micros = prepaid ? price?.monthMicros['1'] : price?.hourMicros
      const unit = t(prepaid ? 'buy.month' : 'buy.hour')
      return micros ? t('buy.perUnit', { price: formatMicros(micros, currency), unit }) : '—'
    },
  },
  {
    title: t('operator.priceVersion'),
    render: (_: unknown, offering: Offering) => {
      const version = String(offering.price?.version ?? '—')
      return (
        <Button
          type="link"
          size="small"
          style={{ marginInline: -7 }}
          aria-label={`${version} · ${t('operator.versions')}${t('common.colon')}${offering.offeringId}`}
          onClick={() => ask({ form: 'versions', offering })}
        >
          {version}
        </Button>
      )
    },
  },
  {
    title: t('common.status'),
    render: (_: unknown, { onSale }: Offering) =>
      onSale ? <Tag tone="success">{t('operator.onSale')}</Tag> : <Tag>{t('operator.stopped')}</Tag>,
  },
  {
    title: t('common.actions'),
    render: (_: unknown, offering: Offering) => (
      <span className="row-actions">
        <Button {...rowAction} onClick={() => ask({ form: 'price', offering })}>
          {t('operator.setPrice')}
        </Button>
        <Button {...rowAction} onClick={() => ask({ form: 'stock', offering })}>
          {t('operator.setStock')}
        </Button>
        <Button {...rowAction} danger={offering.onSale} onClick={() => ask({ form: 'onSale', offering })}>
          {t(offering.onSale ? 'operator.stopSelling' : 'operator.resumeSelling')}
        </Button>
      </span>
    ),
  },
]
