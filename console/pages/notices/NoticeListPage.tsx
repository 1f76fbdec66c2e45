// What the account was told: what expires, what was renewed and what could not be, each with the way to where it is mended.
import { App, Button, Segmented } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { notices as texts } from '../../i18n/notices.ts'
import { t, textFrom } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'
import { useWorkspaceId } from '../../ui/workspace.ts'
import { noticeText } from './notice-text.ts'

export type Notice = Item<'GET /v1/notices'>

const tones = { info: 'neutral', warning: 'warning', critical: 'error' } as const
const [few, many] = [100, 500]

export function NoticeListPage() {
  const { message } = App.useApp()
  const [{ show = '' }, setSearch] = useSearchState<'show'>()
  const [limit, setLimit] = useState(few)
  const unreadOnly = show === 'unread'
  const found = useApi(
    'GET /v1/notices',
    { query: { limit, ...(unreadOnly ? { unread: 'true' as const } : {}) } },
    live,
  )
  const newest = useApi('GET /v1/notices', { query: { limit: 1 } }, live).data?.items[0]
  const read = useAct('POST /v1/notices/read')
  const readAll = async () => {
    if (!newest) return
    await read.mutateAsync({ body: { throughNoticeId: newest.noticeId } })
    void message.success(textFrom(texts, 'notices.marked'))
  }
  const refusal =
    found.data && found.data.unread === 0 ? { code: 'AllRead', message: textFrom(texts, 'notices.allRead') } : null
  return (
    <>
      <PageHeader
        title={t('nav.notices')}
        actions={
          <ActionButton can="notice.write" refusal={refusal} loading={read.isPending} onClick={() => void readAll()}>
            {textFrom(texts, 'notices.readAll')}
          </ActionButton>
        }
      />
      <div className="toolbar">
        <Segmented
          aria-label={textFrom(texts, 'notices.show')}
          value={show}
          onChange={value => setSearch({ show: value })}
          options={[
            { value: '', label: textFrom(texts, 'notices.all') },
            { value: 'unread', label: textFrom(texts, 'notices.unread') },
          ]}
        />
      </div>
      <NoticeTable answer={{ ...found, data: found.data?.items }} unreadOnly={unreadOnly} />
      {limit === few && found.data?.items.length === few ? (
        <Button onClick={() => setLimit(many)}>{textFrom(texts, 'notices.more')}</Button>
      ) : null}
    </>
  )
}

interface TableProps {
  answer: { data: Notice[] | undefined; error: unknown; isPending: boolean; refetch: () => unknown }
  unreadOnly: boolean
}

function NoticeTable({ answer, unreadOnly }: TableProps) {
  const installation = useInstallation()
  const workspaceId = useWorkspaceId()
  return (
    <DataTable<Notice>
      label={t('nav.notices')}
      answer={answer}
      rowKey={notice => notice.noticeId}
      empty={
        unreadOnly ? (
          <EmptyState title={textFrom(texts, 'notices.allRead')} />
        ) : (
          <EmptyState title={textFrom(texts, 'notices.empty')} hint={textFrom(texts, 'notices.emptyHint')} />
        )
      }
      columns={[
        {
          title: t('events.at'),
          width: widths.instantWithSeconds,
          render: (_, { createdAt }) => <BillingInstant at={createdAt} />,
        },
        {
          title: textFrom(texts, 'notices.severity'),
          width: widths.charge,
          render: (_, { severity, readAt }) => (
            <>
              <Tag tone={tones[severity]}>{textFrom(texts, `notices.severity.${severity}`)}</Tag>
              {readAt === null ? <Tag tone="info">{textFrom(texts, 'notices.isUnread')}</Tag> : null}
            </>
          ),
        },
        {
          title: textFrom(texts, 'notices.what'),
          width: widths.text * 2,
          minWidth: widths.text,
          render: (_, notice) => (
            <span className="said" style={notice.readAt === null ? { fontWeight: 600 } : {}}>
              {installation ? noticeText(notice, installation) : ''}
            </span>
          ),
        },
        {
          title: textFrom(texts, 'notices.about'),
          width: widths.id,
          render: (_, notice) => <About notice={notice} workspaceId={workspaceId} />,
        },
      ]}
    />
  )
}

/** What it is about, with the way there. */
function About({
  notice: { subjectKind, subjectId, data },
  workspaceId,
}: {
  notice: Notice
  workspaceId: string | null
}) {
  const orderId = typeof data.orderId === 'string' ? data.orderId : null
  return (
    <>
      {subjectKind === 'machine' ? (
        <IdText id={subjectId} {...(workspaceId === null ? {} : { to: paths.machine(workspaceId, subjectId) })} />
      ) : (
        <TextLink to={paths.wallet()}>{textFrom(texts, 'notices.account')}</TextLink>
      )}
      {orderId === null ? null : (
        <div>
          <IdText id={orderId} to={paths.order(orderId)} />
        </div>
      )}
    </>
  )
}
