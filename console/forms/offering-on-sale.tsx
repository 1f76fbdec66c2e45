import type { Item } from '../api.ts'
import { formatNumber, t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { ConfirmImpact } from '../ui/ConfirmImpact.tsx'
import { usePlaceNames } from '../ui/catalog-names.ts'

/** Stops selling, or takes it up again. What is sold goes on either way. */
export function OfferingOnSale({ offering, onClose }: { offering: Item<'GET /v1/offerings'>; onClose: () => void }) {
  const { zoneId, specId, chargeType, onSale, stock } = offering
  const placeNameOf = usePlaceNames()
  const set = useAct('PUT /v1/offerings/on-sale')
  const charge = t(`charge.${chargeType}`)
  const body = { zoneId, specId, chargeType, onSale: !onSale }
  return (
    <ConfirmImpact
      open
      danger={onSale}
      title={t(onSale ? 'operator.stopTitle' : 'operator.resumeTitle', {
        spec: specId,
        zone: placeNameOf(zoneId),
        charge,
      })}
      action={t(onSale ? 'operator.stopSelling' : 'operator.resumeSelling')}
      onConfirm={() => set.mutateAsync({ body })}
      onClose={onClose}
    >
      {t(onSale ? 'operator.stopImpact' : 'operator.resumeImpact', { sold: formatNumber(stock.allocated) })}
    </ConfirmImpact>
  )
}
