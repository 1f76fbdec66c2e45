import { Button, Result, Space, Typography } from 'antd'
import { Refused } from '../api.ts'
import { t } from '../i18n/t.ts'
import { CopyButton } from './CopyButton.tsx'
import { PageHeader, type Place } from './PageHeader.tsx'
import { errorText } from './refusal.ts'

interface Props {
  error: unknown
  onRetry?: () => void
  /** Where a whole page could not be shown: which, and the way back. */
  page?: Place
}

/** In place of what could not be shown: what happened, the way on, and what to quote when asking for help. */
export function ErrorState({ error, onRetry, page }: Props) {
  const requestId = error instanceof Refused ? error.requestId : null
  const notFound = error instanceof Refused && error.status === 404
  return (
    <div role="alert">
      {page ? <PageHeader {...page} /> : null}
      <Result
        status={notFound ? '404' : 'warning'}
        title={t(notFound ? 'error.notFound' : 'error.title')}
        subTitle={<span className="said">{errorText(error)}</span>}
        extra={
          <Space orientation="vertical" size={16} align="center">
            {onRetry ? <Button onClick={onRetry}>{t('common.retry')}</Button> : null}
            {requestId ? (
              <Typography.Text type="secondary">
                {t('error.requestId', { requestId })}
                <CopyButton text={requestId} label={t('common.copyId')} />
              </Typography.Text>
            ) : null}
          </Space>
        }
      />
    </div>
  )
}
