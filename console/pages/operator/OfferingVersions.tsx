// Every version of a price: those that were, the one in force, those that are to come.
import { Modal } from 'antd'
import type { Item } from '../../api.ts'
import { formatMicros, t } from '../../i18n/t.ts'
import { useApi } from '../../queries.ts'
import { ActorName } from '../../ui/ActorName.tsx'
import { usePlaceNames } from '../../ui/catalog-names.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { Tag } from '../../ui/Tag.tsx'

type Version = Item<'GET /v1/offerings/prices'>

const tones = { past: 'neutral', in_force: 'success', scheduled: 'info' } as const

export function OfferingVersions({ offering, onClose }: { offering: Item<'GET /v1/offerings'>; onClose: () => void }) {
  const { zoneId, specId, chargeType } = offering
  const placeNameOf = usePlaceNames()
  const currency = useInstallation()?.currency ?? 'CNY'
  const versions = useApi('GET /v1/offerings/prices', { query: { zoneId, specId, chargeType } })
  const title = t('operator.versionsTitle', {
    spec: specId,
    zone: placeNameOf(zoneId),
    charge: t(`charge.${chargeType}`),
  })
  return (
    <Modal open title={title} width={1000} footer={null} onCancel={onClose}>
      <DataTable<Version>
        label={t('operator.versions')}
        answer={{ ...versions, data: versions.data?.items }}
        rowKey={version => String(version.version)}
        pageParameter="version"
        empty={<EmptyState title={t('operator.noPrice')} />}
        columns={[
          { title: t('operator.priceVersion'), dataIndex: 'version' },
          {
            title: t('common.status'),
            render: (_, { state }) => <Tag tone={tones[state]}>{t(`operator.price.${state}`)}</Tag>,
          },
          {
            title: t('operator.priceFrom'),
            render: (_, { effectiveAt }) => <BillingInstant at={effectiveAt} />,
          },
          {
            title: t('operator.price'),
            render: (_, version) => (
              <div className="lines numeric">
                {ratesOf(version, currency).map(line => (
                  <div key={line}>{line}</div>
                ))}
              </div>
            ),
          },
          { title: t('operator.setBy'), render: (_, { by }) => <ActorName by={by} /> },
        ]}
      />
    </Modal>
  )
}

function ratesOf({ monthMicros, hourMicros, diskGibMicros }: Version, currency: string): string[] {
  const money = (micros: string) => formatMicros(micros, currency)
  const months = Object.entries(monthMicros).map(
    ([count, micros]) => `${t('operator.monthRate', { count: Number(count) })}${t('common.colon')}${money(micros)}`,
  )
  return [
    ...months,
    ...(hourMicros === null ? [] : [`${t('buy.pricePerHour')}${t('common.colon')}${money(hourMicros)}`]),
    `${t(hourMicros === null ? 'operator.diskMonthRate' : 'operator.diskHourRate')}${t('common.colon')}${money(diskGibMicros)}`,
  ]
}
