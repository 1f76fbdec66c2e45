// What a drain plan would do, by the server's own preview.
import { Alert, Skeleton } from 'antd'
import type { Input } from '../../api.ts'
import { plans } from '../../i18n/plans.ts'
import { t, textFrom } from '../../i18n/t.ts'
import { useApi } from '../../queries.ts'
import { Instant } from '../../ui/Instant.tsx'
import { errorText } from '../../ui/refusal.ts'
import { ChangeImpact } from '../machine/ChangeImpact.tsx'

type Body = NonNullable<Input<'POST /v1/drain-plans/preview'>['body']>

export function PlanPreview({ body }: { body: Body }) {
  const { data, error } = useApi('POST /v1/drain-plans/preview', { body })
  if (error)
    return <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(error)}</span>} />
  if (!data) return <Skeleton active title={false} paragraph={{ rows: 2 }} />
  const { batches, opensAt, firstBatch } = data
  return (
    <section className="stack" aria-label={textFrom(plans, 'plans.firstBatch')}>
      <div>
        <strong>{textFrom(plans, 'plans.preview', { count: batches.flat().length, batches: batches.length })}</strong>
        {' · '}
        {opensAt === null ? (
          textFrom(plans, 'plans.begins')
        ) : (
          <>
            {textFrom(plans, 'plans.opensAt')}
            {t('common.colon')}
            <Instant at={opensAt} />
          </>
        )}
      </div>
      <strong>{textFrom(plans, 'plans.firstBatch')}</strong>
      <ChangeImpact preview={firstBatch} />
    </section>
  )
}
