import { App, Form, Input } from 'antd'
import type { Item } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

/** Names a group anew; refused when another has changed it since it was shown. */
export function GroupRename({ group, onClose }: { group: Item<'GET /v1/groups'>; onClose: () => void }) {
  const { message } = App.useApp()
  const rename = useAct('PATCH /v1/groups/{groupId}')
  const submit = async ({ name }: { name: string }) => {
    await rename.mutateAsync({ params: { groupId: group.groupId }, body: { name, ifMatch: group.etag } })
    void message.success(t('groups.renamed'))
    onClose()
  }
  return (
    <FormDialog<{ name: string }>
      title={t('groups.renameTitle', { name: group.name })}
      action={t('common.save')}
      initial={{ name: group.name }}
      onSubmit={submit}
      onClose={onClose}
    >
      <Form.Item name="name" label={t('common.name')} extra={t('groups.nameHint')} rules={needed()}>
        <Input autoFocus maxLength={100} />
      </Form.Item>
    </FormDialog>
  )
}
