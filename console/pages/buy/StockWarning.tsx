// Before anything is paid: there is not enough of what was chosen, and what else there is.
import { Alert, Button, Space } from 'antd'
import { formatNumber, t } from '../../i18n/t.ts'
import { useZoneNames } from '../../ui/catalog-names.ts'
import type { BuyForm, Field, Offering } from './buy-form.ts'

interface Props {
  form: BuyForm
  /** All of the region that are sold with this billing, in every zone. */
  offerings: readonly Offering[]
  onChange: (change: Partial<Record<Field, string>>) => void
}

const shownAtMost = 3

export function StockWarning({ form, offerings, onChange }: Props) {
  const nameOf = useZoneNames()
  const chosen = offerings.find(one => one.zoneId === form.zoneId && one.specId === form.specId)
  if (!chosen || chosen.stock.available >= form.quantity) return null
  const enough = offerings.filter(one => one !== chosen && one.stock.available >= form.quantity)
  const zones = enough.filter(one => one.specId === chosen.specId).slice(0, shownAtMost)
  const specs = enough
    .filter(one => one.zoneId === chosen.zoneId && one.gpuCount === chosen.gpuCount)
    .sort((a, b) => Math.abs(a.memoryMib - chosen.memoryMib) - Math.abs(b.memoryMib - chosen.memoryMib))
    .slice(0, shownAtMost)
  const { available } = chosen.stock
  return (
    <Alert
      type="warning"
      showIcon
      role="alert"
      title={t('buy.stockShort', {
        zone: nameOf(chosen.zoneId),
        spec: chosen.specId,
        available,
        wanted: form.quantity,
      })}
      description={
        <>
          <div style={{ marginBottom: 8 }}>{t(form.partialOk ? 'buy.stockShortPart' : 'buy.stockShortHint')}</div>
          <Space wrap>
            {available > 0 ? (
              <Button size="small" onClick={() => onChange({ quantity: String(available) })}>
                {t('buy.takeAvailable', { count: available })}
              </Button>
            ) : null}
            {zones.map(one => (
              <Button key={one.offeringId} size="small" onClick={() => onChange({ zoneId: one.zoneId })}>
                {t('buy.takeZone', { zone: nameOf(one.zoneId), count: formatNumber(one.stock.available) })}
              </Button>
            ))}
            {specs.map(one => (
              <Button key={one.offeringId} size="small" onClick={() => onChange({ specId: one.specId })}>
                {t('buy.takeSpec', { spec: one.specId, count: formatNumber(one.stock.available) })}
              </Button>
            ))}
          </Space>
        </>
      }
    />
  )
}
