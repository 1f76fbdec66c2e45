import { useState } from 'react'
import type { Item } from '../../api.ts'
import { WorkspaceName } from '../../forms/workspace-name.tsx'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { useMay } from '../../ui/may.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { rowAction } from '../../ui/row-action.ts'
import { LinkButton, TextLink } from '../../ui/TextLink.tsx'

type Workspace = Item<'GET /v1/workspaces'>

export function WorkspaceListPage() {
  const [naming, setNaming] = useState<{ workspace: Workspace | null } | null>(null)
  const refusal = useMay('user.write')
  const workspaces = useApi('GET /v1/workspaces', {})
  const create = (
    <ActionButton type="primary" refusal={refusal} onClick={() => setNaming({ workspace: null })}>
      {t('workspace.create')}
    </ActionButton>
  )
  return (
    <>
      <PageHeader title={t('workspace.title')} actions={create} />
      <DataTable<Workspace>
        label={t('workspace.title')}
        answer={{ ...workspaces, data: workspaces.data?.items }}
        rowKey={workspace => workspace.workspaceId}
        empty={
          refusal === null ? (
            <EmptyState title={t('workspace.empty')} hint={t('workspace.emptyOwnHint')}>
              {create}
            </EmptyState>
          ) : (
            <EmptyState title={t('workspace.empty')} hint={t('workspace.emptyHint')} />
          )
        }
        columns={[
          {
            title: t('common.name'),
            render: (_, { workspaceId, name }) => (
              <TextLink to={paths.groups(workspaceId)} className="said">
                {name}
              </TextLink>
            ),
          },
          { title: t('workspace.id'), render: (_, { workspaceId }) => <IdText id={workspaceId} /> },
          { title: t('common.createdAt'), render: (_, { createdAt }) => <Instant at={createdAt} /> },
          {
            title: t('common.actions'),
            render: (_, workspace) => (
              <span className="row-actions">
                <LinkButton {...rowAction} to={paths.groups(workspace.workspaceId)}>
                  {t('workspace.open')}
                </LinkButton>
                <LinkButton {...rowAction} to={paths.workspaceMembers(workspace.workspaceId)}>
                  {t('workspace.members')}
                </LinkButton>
                <ActionButton {...rowAction} refusal={refusal} onClick={() => setNaming({ workspace })}>
                  {t('workspace.rename')}
                </ActionButton>
              </span>
            ),
          },
        ]}
      />
      {naming ? <WorkspaceName workspace={naming.workspace} onClose={() => setNaming(null)} /> : null}
    </>
  )
}
