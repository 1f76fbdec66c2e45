import { Alert } from 'antd'
import { formatInstant, t } from '../i18n/t.ts'
import { live, useApi } from '../queries.ts'

/** For the operator, on every page: the clock has jumped, and what acts on dates waits. */
export function ClockBanner() {
  const jump = useApi('GET /v1/clock', {}, live).data?.jump
  if (!jump) return null
  const { reason, trustedAt, jumpedTo } = jump
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      style={{ marginBottom: 12 }}
      title={t(`clock.${reason}`, { from: formatInstant(trustedAt), to: formatInstant(jumpedTo) })}
      description={t(`clock.${reason}Hint`, { from: formatInstant(trustedAt) })}
    />
  )
}
