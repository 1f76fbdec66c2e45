import { Form, Segmented, Select } from 'antd'
import type { Item } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct, useApi } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

type Member = Item<'GET /v1/workspaces/{workspaceId}/members'>

/** Lets a developer or viewer into a workspace, or changes what they may there. */
export function MemberSet(props: {
  workspaceId: string
  /** null: one who is not in yet. */
  member: Member | null
  members: readonly Member[]
  onClose: () => void
}) {
  const { workspaceId, member, members, onClose } = props
  const users = useApi('GET /v1/users', {}, { enabled: member === null })
  const set = useAct('PUT /v1/workspaces/{workspaceId}/members/{userId}')
  const options = (users.data?.items ?? [])
    .filter(user => user.role === 'developer' || user.role === 'viewer')
    .filter(user => members.every(one => one.userId !== user.userId))
    .map(user => ({ value: user.userId, label: user.name }))
  return (
    <FormDialog<{ userId: string; role: 'developer' | 'viewer' }>
      title={member ? t('workspace.memberTitle', { name: member.userName }) : t('workspace.addMember')}
      action={member ? t('common.save') : t('workspace.addMember')}
      initial={member ? { userId: member.userId, role: member.role } : { role: 'developer' }}
      onSubmit={async ({ userId, role }) => {
        await set.mutateAsync({ params: { workspaceId, userId: member?.userId ?? userId }, body: { role } })
        onClose()
      }}
      onClose={onClose}
    >
      {member ? null : (
        <Form.Item name="userId" label={t('keys.user')} extra={t('workspace.memberHint')} rules={needed()}>
          <Select
            options={options}
            notFoundContent={t('workspace.noOneLeft')}
            showSearch={{ optionFilterProp: 'label' }}
          />
        </Form.Item>
      )}
      <Form.Item name="role" label={t('workspace.memberRole')} extra={t('workspace.memberRoleHint')}>
        <Segmented
          aria-label={t('workspace.memberRole')}
          options={(['developer', 'viewer'] as const).map(value => ({ value, label: t(`role.${value}`) }))}
        />
      </Form.Item>
    </FormDialog>
  )
}
