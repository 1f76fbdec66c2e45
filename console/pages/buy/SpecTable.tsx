// The specs that are sold here with this billing, by family, with stock and price.
import { Radio, Segmented, Table } from 'antd'
import { formatCpu, formatGib, formatMicros, formatNumber, t } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { familyName } from '../../ui/catalog-names.ts'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Tag } from '../../ui/Tag.tsx'
import type { BuyForm, Offering } from './buy-form.ts'

interface Props {
  offerings: readonly Offering[]
  loading: boolean
  form: BuyForm
  /** What the region's machines are: slices of this host, simulated ones, or real. */
  engine: string
  currency: string
  onChoose: (specId: string) => void
}

export function SpecTable({ offerings, loading, form, engine, currency, onChoose }: Props) {
  const [{ family }, setSearch] = useSearchState<'family'>()
  const families = [...new Set(offerings.map(offering => offering.family))].sort()
  const shown = offerings.filter(offering => family === undefined || offering.family === family)
  return (
    <>
      {families.length > 1 ? (
        <Segmented
          aria-label={t('buy.family')}
          style={{ marginBottom: 8, width: 'fit-content' }}
          value={family ?? ''}
          onChange={value => setSearch({ family: value })}
          options={[
            { value: '', label: t('buy.everyFamily') },
            ...families.map(value => ({ value, label: familyName(value) })),
          ]}
        />
      ) : null}
      <section aria-label={t('buy.spec')}>
        <Table<Offering>
          size="small"
          rowKey={offering => offering.specId}
          loading={loading}
          dataSource={[...shown]}
          columns={columns(form, engine, currency, onChoose)}
          rowClassName={offering => (offering.specId === form.specId ? 'ant-table-row-selected' : '')}
          pagination={shown.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
          scroll={{ x: 'max-content' }}
          onRow={offering => ({ onClick: () => onChoose(offering.specId), style: { cursor: 'pointer' } })}
          locale={{
            emptyText: loading ? ' ' : <EmptyState title={t('buy.noSpecs')} hint={t('buy.noSpecsHint')} />,
          }}
        />
      </section>
    </>
  )
}

const columns = (form: BuyForm, engine: string, currency: string, choose: (specId: string) => void) => [
  {
    title: <span className="visually-hidden">{t('buy.chosen')}</span>,
    width: 40,
    render: (_: unknown, { specId }: Offering) => (
      <Radio
        name="spec"
        aria-label={specId}
        checked={form.specId === specId}
        onChange={() => choose(specId)}
        style={{ margin: 0 }}
      />
    ),
  },
  {
    title: t('buy.specName'),
    render: (_: unknown, { specId }: Offering) => (
      <div className="lines">
        <div>{specId}</div>
        {engine === 'simulated' ? <Tag>{t('buy.simulated')}</Tag> : null}
        {engine === 'process' || engine === 'docker' ? <Tag>{t('buy.slice')}</Tag> : null}
      </div>
    ),
  },
  { title: t('machines.cpu'), render: (_: unknown, { cpuMilli }: Offering) => formatCpu(cpuMilli) },
  { title: t('machines.memory'), render: (_: unknown, { memoryMib }: Offering) => formatGib(memoryMib) },
  {
    title: t('machines.gpu'),
    render: (_: unknown, { gpuCount, gpuModel, gpuMemoryMib }: Offering) =>
      gpuCount === 0 ? '—' : `${formatNumber(gpuCount)} × ${gpuModel ?? ''} ${formatGib(gpuMemoryMib)} GiB`,
  },
  {
    title: t('buy.stock'),
    render: (_: unknown, { stock }: Offering) =>
      stock.available === 0 ? (
        <Tag>{t('buy.soldOut')}</Tag>
      ) : (
        <span className="numeric">{t('buy.stockOf', { count: formatNumber(stock.available) })}</span>
      ),
  },
  {
    title: form.chargeType === 'prepaid' ? t('buy.pricePerMonth') : t('buy.pricePerHour'),
    align: 'end' as const,
    render: (_: unknown, { price }: Offering) => {
      const micros = form.chargeType === 'prepaid' ? price?.monthMicros[String(form.months)] : price?.hourMicros
      return <span className="numeric">{micros ? formatMicros(micros, currency) : '—'}</span>
    },
  },
]
