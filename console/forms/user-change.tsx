import { App, Form, Input, Select } from 'antd'
import type { Item } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog } from '../ui/FormDialog.tsx'
import { refusalText } from '../ui/refusal.ts'
import { roleOptions, type TenantRole } from './user-add.tsx'

/** Another role counts from the user's next request on. */
export function UserChange({ user, onClose }: { user: Item<'GET /v1/users'>; onClose: () => void }) {
  const { message } = App.useApp()
  const change = useAct('PATCH /v1/users/{userId}')
  const { changeRole } = user.refusals
  return (
    <FormDialog<{ role: TenantRole; email?: string }>
      title={t('users.changeTitle', { name: user.name })}
      action={t('common.save')}
      initial={{ role: user.role as TenantRole, email: user.email ?? '' }}
      onSubmit={async ({ role, email }) => {
        const body = { email: email ? email : null, ...(changeRole === null ? { role } : {}) }
        await change.mutateAsync({ params: { userId: user.userId }, body })
        void message.success(t('users.changed'))
        onClose()
      }}
      onClose={onClose}
    >
      <Form.Item
        name="role"
        label={t('members.role')}
        extra={changeRole ? refusalText(changeRole) : t('users.roleHint')}
      >
        <Select options={roleOptions()} disabled={changeRole !== null} />
      </Form.Item>
      <Form.Item name="email" label={t('users.email')} extra={t('users.emailHint')}>
        <Input maxLength={254} autoComplete="off" />
      </Form.Item>
    </FormDialog>
  )
}
