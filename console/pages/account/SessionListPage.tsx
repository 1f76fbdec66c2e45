// Where this user is signed in, and ending what should not be.
import { App, Button, Tooltip } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { PasswordChange } from '../../forms/password-change.tsx'
import { t } from '../../i18n/t.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { browserName } from '../../ui/browser-name.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { errorText } from '../../ui/refusal.ts'
import { rowAction } from '../../ui/row-action.ts'
import { Tag } from '../../ui/Tag.tsx'

type SignedIn = Item<'GET /v1/sessions'>

export function SessionListPage() {
  const { message } = App.useApp()
  const [changing, setChanging] = useState(false)
  const sessions = useApi('GET /v1/sessions', {}, live)
  const revoke = useAct('POST /v1/sessions/{sessionId}/revoke')
  const revokeOthers = useAct('POST /v1/sessions/revoke-others')
  const others = sessions.data?.items.some(session => !session.current) ?? false
  const told = { onError: (error: unknown) => void message.error(errorText(error)) }
  return (
    <>
      <PageHeader
        title={t('account.sessions')}
        actions={
          <>
            <Button onClick={() => setChanging(true)}>{t('password.change')}</Button>
            <Button disabled={!others} onClick={() => revokeOthers.mutate({}, told)}>
              {t('sessions.revokeOthers')}
            </Button>
          </>
        }
      />
      <DataTable<SignedIn>
        label={t('account.sessions')}
        // One's own is where one looks for it, whichever was seen last.
        answer={{ ...sessions, data: sessions.data?.items.toSorted((a, b) => Number(b.current) - Number(a.current)) }}
        rowKey={session => session.sessionId}
        empty={<EmptyState title={t('sessions.empty')} />}
        columns={[
          {
            title: t('sessions.browser'),
            render: (_, { userAgent, current }) => (
              <>
                <Tooltip title={<span className="said">{userAgent}</span>}>
                  <span className="said wrap" style={{ maxWidth: 260 }}>
                    {browserName(userAgent) || '—'}
                  </span>
                </Tooltip>{' '}
                {current ? <Tag tone="success">{t('sessions.current')}</Tag> : null}
              </>
            ),
          },
          { title: t('sessions.address'), dataIndex: 'address' },
          { title: t('sessions.signedInAt'), render: (_, { createdAt }) => <Instant at={createdAt} /> },
          { title: t('sessions.lastSeenAt'), render: (_, { lastSeenAt }) => <Instant at={lastSeenAt} /> },
          { title: t('sessions.expiresAt'), render: (_, { expiresAt }) => <Instant at={expiresAt} /> },
          {
            title: t('common.actions'),
            render: (_, { sessionId, current }) =>
              current ? null : (
                <Button {...rowAction} danger onClick={() => revoke.mutate({ params: { sessionId } }, told)}>
                  {t('sessions.revoke')}
                </Button>
              ),
          },
        ]}
      />
      {changing ? <PasswordChange onClose={() => setChanging(false)} /> : null}
    </>
  )
}
