import { Button, Result, Space, Typography } from 'antd'
import { Refused } from '../api.ts'
import { t } from '../i18n/t.ts'
import { CopyButton } from './CopyButton.tsx'
import { PageHeader, type Place } from './PageHeader.tsx'
import { errorText } from './refusal.ts'
import { LinkButton } from './TextLink.tsx'

type Step = NonNullable<Place['trail']>[number]

interface Props {
  error: unknown
  onRetry?: () => void
  /** Where a whole page could not be shown: which, and the way back. */
  page?: Place
}

/** What is not there will not come by asking again: the way back to the list that it would stand in. */
function WayOn({ back, onRetry }: { back: Step | undefined; onRetry: (() => void) | undefined }) {
  if (back) return <LinkButton to={back.to}>{t('error.goBack', { page: back.text })}</LinkButton>
  return onRetry ? <Button onClick={onRetry}>{t('common.retry')}</Button> : null
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
            <WayOn back={notFound ? page?.trail?.at(-1) : undefined} onRetry={onRetry} />
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
