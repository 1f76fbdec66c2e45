import { App, Form, Input } from 'antd'
import type { Item } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

/** Makes a workspace, or names one anew. */
export function WorkspaceName(props: { workspace: Item<'GET /v1/workspaces'> | null; onClose: () => void }) {
  const { workspace, onClose } = props
  const { message } = App.useApp()
  const create = useAct('POST /v1/workspaces')
  const rename = useAct('PATCH /v1/workspaces/{workspaceId}')
  return (
    <FormDialog<{ name: string }>
      title={workspace ? t('workspace.renameTitle', { name: workspace.name }) : t('workspace.create')}
      action={workspace ? t('common.save') : t('workspace.create')}
      initial={{ name: workspace?.name ?? '' }}
      onSubmit={async body => {
        if (workspace) await rename.mutateAsync({ params: { workspaceId: workspace.workspaceId }, body })
        else await create.mutateAsync({ body })
        void message.success(workspace ? t('workspace.renamed') : t('workspace.created'))
        onClose()
      }}
      onClose={onClose}
    >
      <Form.Item name="name" label={t('common.name')} extra={t('users.nameHint')} rules={needed()}>
        <Input autoFocus maxLength={100} />
      </Form.Item>
    </FormDialog>
  )
}
