import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { LinkButton, TextLink } from '../../ui/TextLink.tsx'

type Workspace = Item<'GET /v1/workspaces'>

export function WorkspaceListPage() {
  const workspaces = useApi('GET /v1/workspaces', {})
  return (
    <>
      <PageHeader title={t('workspace.title')} />
      <DataTable<Workspace>
        label={t('workspace.title')}
        answer={{ ...workspaces, data: workspaces.data?.items }}
        rowKey={workspace => workspace.workspaceId}
        empty={<EmptyState title={t('workspace.empty')} hint={t('workspace.emptyHint')} />}
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
            render: (_, { workspaceId }) => (
              <LinkButton type="link" size="small" to={paths.groups(workspaceId)}>
                {t('workspace.open')}
              </LinkButton>
            ),
          },
        ]}
      />
    </>
  )
}
