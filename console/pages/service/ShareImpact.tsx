// What a change of a service does to its share of the requests to its traffic group; nothing of one that is in none.
import { Alert } from 'antd'
import type { Returns } from '../../api.ts'
import { formatNumber, t } from '../../i18n/t.ts'

export function ShareImpact({ traffic }: Pick<Returns<'POST /v1/services/{service}/preview'>, 'traffic'>) {
  if (traffic === null) return null
  const { trafficGroup: group, sharePercent, sharePercentAfter, endsGroup } = traffic
  const [before, after] = [formatNumber(sharePercent, 2), formatNumber(sharePercentAfter, 2)]
  const isSame = sharePercent === sharePercentAfter
  return (
    <Alert
      type={endsGroup ? 'error' : sharePercentAfter < sharePercent ? 'warning' : 'info'}
      showIcon
      title={
        <span className="said">
          {endsGroup
            ? t('services.impact.endsGroup', { group })
            : isSame
              ? t('services.impact.sameShare', { group, share: before })
              : t('services.impact.share', { group, before, after })}
        </span>
      }
    />
  )
}
