import type { Item } from '../../api.ts'
import { formatCpu, formatGib, formatNumber, t } from '../../i18n/t.ts'
import { live, useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'

type Offering = Item<'GET /v1/offerings'>

/** What every zone has of every spec, and how much of it is sold. */
export function FleetPage() {
  const offerings = useApi('GET /v1/offerings', {}, live)
  const pools = new Map((offerings.data?.items ?? []).map(one => [`${one.zoneId} ${one.specId}`, one]))
  return (
    <>
      <PageHeader title={t('operator.fleetTitle')} />
      <DataTable<Offering>
        label={t('operator.fleetTitle')}
        answer={{ ...offerings, data: offerings.data ? [...pools.values()] : undefined }}
        rowKey={offering => offering.offeringId}
        empty={<EmptyState title={t('operator.noOfferings')} />}
        columns={[
          { title: t('common.region'), dataIndex: 'regionId' },
          { title: t('common.zone'), dataIndex: 'zoneId' },
          { title: t('machines.spec'), dataIndex: 'specId' },
          { title: t('machines.cpu'), render: (_, { cpuMilli }) => formatCpu(cpuMilli) },
          { title: t('machines.memory'), render: (_, { memoryMib }) => formatGib(memoryMib) },
          { title: t('operator.sold'), render: (_, { stock }) => formatNumber(stock.allocated) },
          {
            title: t('operator.stock'),
            render: (_, { stock }) => t('operator.stockOf', { available: stock.available, total: stock.total }),
          },
        ]}
      />
    </>
  )
}
