import { Button, Space } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { OfferingPrice } from '../../forms/offering-price.tsx'
import { OfferingStock } from '../../forms/offering-stock.tsx'
import { formatMicros, t } from '../../i18n/t.ts'
import { live, useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { ChargeTag } from '../../ui/StatusTag.tsx'

type Offering = Item<'GET /v1/offerings'>

export function OfferingListPage() {
  const [asking, setAsking] = useState<{ form: 'price' | 'stock'; offering: Offering } | null>(null)
  const close = () => setAsking(null)
  const offerings = useApi('GET /v1/offerings', {}, live)
  const currency = useInstallation()?.currency ?? 'CNY'
  return (
    <>
      <PageHeader title={t('nav.offerings')} />
      <DataTable<Offering>
        label={t('nav.offerings')}
        answer={{ ...offerings, data: offerings.data?.items }}
        rowKey={offering => offering.offeringId}
        empty={<EmptyState title={t('operator.noOfferings')} />}
        columns={[
          { title: t('common.zone'), dataIndex: 'zoneId' },
          { title: t('machines.spec'), dataIndex: 'specId' },
          { title: t('machines.charge'), render: (_, { chargeType }) => <ChargeTag chargeType={chargeType} /> },
          {
            title: t('operator.stock'),
            render: (_, { stock }) => t('operator.stockOf', { available: stock.available, total: stock.total }),
          },
          {
            title: t('buy.pricePerMonth'),
            render: (_, { price }) => {
              const micros = price?.monthMicros['1']
              return micros ? formatMicros(micros, currency) : '—'
            },
          },
          {
            title: t('buy.pricePerHour'),
            render: (_, { price }) => (price?.hourMicros ? formatMicros(price.hourMicros, currency) : '—'),
          },
          { title: t('operator.priceVersion'), render: (_, { price }) => price?.version ?? '—' },
          {
            title: t('common.actions'),
            render: (_, offering) => (
              <Space>
                <Button size="small" onClick={() => setAsking({ form: 'price', offering })}>
                  {t('operator.setPrice')}
                </Button>
                <Button size="small" onClick={() => setAsking({ form: 'stock', offering })}>
                  {t('operator.setStock')}
                </Button>
              </Space>
            ),
          },
        ]}
      />
      {asking?.form === 'price' ? <OfferingPrice offering={asking.offering} onClose={close} /> : null}
      {asking?.form === 'stock' ? <OfferingStock offering={asking.offering} onClose={close} /> : null}
    </>
  )
}
