// What a change of the split would do, member by member, as the server foresees it.
import type { UseQueryResult } from '@tanstack/react-query'
import { Alert, Skeleton } from 'antd'
import type { Refused, Returns } from '../../api.ts'
import { formatNumber, textFrom } from '../../i18n/t.ts'
import { traffic } from '../../i18n/traffic.ts'
import { errorText } from '../../ui/refusal.ts'

type Preview = UseQueryResult<Returns<'POST /v1/traffic-groups/{trafficGroup}/split/preview'>, Refused>

export function SplitImpact({ preview: { data, error } }: { preview: Preview }) {
  if (error)
    return <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(error)}</span>} />
  if (!data) return <Skeleton active title={false} paragraph={{ rows: 2 }} />
  if (data.unserved) return <Alert type="error" showIcon title={textFrom(traffic, 'traffic.unserved')} />
  if (!data.changed) return <Alert type="info" showIcon title={textFrom(traffic, 'traffic.same')} />
  return (
    <Alert
      type="success"
      showIcon
      title={textFrom(traffic, 'traffic.impact')}
      description={
        <ul className="impact">
          {data.members.map(({ serviceId, name, running, sharePercent, sharePercentAfter }) => (
            <li key={serviceId} className="said">
              {textFrom(traffic, 'traffic.becomes', {
                ...{ name, running },
                before: formatNumber(sharePercent, 2),
                after: formatNumber(sharePercentAfter, 2),
              })}
            </li>
          ))}
        </ul>
      }
    />
  )
}
