import { Alert } from 'antd'
import type { Returns } from '../../api.ts'
import { formatNumber, t } from '../../i18n/t.ts'

type GoFirst = Returns<'POST /v1/services/{service}/instances/{serviceInstanceId}/go-first/preview'>

/** What of a service goes on serving while one of its instances does not, and for how long that is so. */
export function Gap({
  impact: { running, runningAfter, losesLast, regainsRoom, inFlight, expectedGapMs, starts },
}: {
  impact: Pick<
    GoFirst,
    'running' | 'runningAfter' | 'losesLast' | 'regainsRoom' | 'inFlight' | 'expectedGapMs' | 'starts'
  >
}) {
  return (
    <Alert
      type={losesLast ? 'error' : 'warning'}
      showIcon
      title={t(losesLast ? 'rollout.goFirstNone' : 'rollout.goFirstServes', { running, after: runningAfter })}
      description={
        <ul className="impact">
          <li>
            {!regainsRoom
              ? t('rollout.goFirstNoRoom')
              : expectedGapMs === null
                ? t('rollout.goFirstUnknown')
                : t('rollout.goFirstGap', {
                    seconds: formatNumber(Math.ceil(expectedGapMs / 1_000)),
                    samples: starts?.samples ?? 0,
                  })}
          </li>
          {inFlight === null ? null : <li>{t('impact.inFlight', { count: inFlight })}</li>}
        </ul>
      }
    />
  )
}
