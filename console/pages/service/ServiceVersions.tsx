import { App, Button, Tag } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { CodeBlock } from '../../ui/CodeBlock.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Instant } from '../../ui/Instant.tsx'
import type { Service } from './ServiceActions.tsx'

type Version = Item<'GET /v1/services/{service}/versions'>

/** Every JSON that the service had, newest first; any of them can be used again. */
export function ServiceVersions({ service }: { service: Service }) {
  const { message } = App.useApp()
  const [chosen, setChosen] = useState<number | null>(null)
  const params = { service: service.serviceId }
  const answer = useApi('GET /v1/services/{service}/versions', { params }, live)
  const use = useAct('POST /v1/services/{service}/versions/{version}/use')
  const confirm = async (version: number) => {
    await use.mutateAsync({ params: { ...params, version } })
    void message.success(t('services.accepted', { action: t('services.useVersion') }))
  }
  return (
    <>
      <DataTable<Version>
        label={t('services.tabVersions')}
        answer={{ ...answer, data: answer.data?.items }}
        rowKey={one => String(one.version)}
        empty={<EmptyState title={t('services.tabVersions')} />}
        expandable={{ expandedRowRender: ({ config }) => <CodeBlock code={JSON.stringify(config, null, 2)} /> }}
        columns={[
          {
            title: t('services.version'),
            width: 140,
            render: (_, { version }) => (
              <>
                {version} {version === service.version ? <Tag color="blue">{t('services.present')}</Tag> : null}
              </>
            ),
          },
          { title: t('events.at'), width: 200, render: (_, { createdAt }) => <Instant at={createdAt} seconds /> },
          { title: t('events.actor'), width: 260, render: (_, { actor }) => <span className="said">{actor}</span> },
          {
            title: t('common.actions'),
            width: 160,
            render: (_, { version }) =>
              version === service.version ? null : (
                <Button type="link" size="small" style={{ padding: 0 }} onClick={() => setChosen(version)}>
                  {t('services.useVersion')}
                </Button>
              ),
          },
        ]}
      />
      {chosen === null ? null : (
        <ConfirmImpact
          open
          title={t('services.useVersionTitle', { version: String(chosen) })}
          action={t('services.useVersion')}
          onConfirm={() => confirm(chosen)}
          onClose={() => setChosen(null)}
        >
          <div>{t('services.useVersionImpact')}</div>
        </ConfirmImpact>
      )}
    </>
  )
}
