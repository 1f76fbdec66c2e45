import { Form, Input, Select } from 'antd'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

export const tenantRoles = ['owner', 'finance', 'developer', 'viewer'] as const
export type TenantRole = (typeof tenantRoles)[number]

export const roleOptions = () =>
  tenantRoles.map(role => ({ value: role, label: `${t(`role.${role}`)} · ${t(`role.${role}.does`)}` }))

interface NewUser {
  name: string
  role: TenantRole
  email?: string
}

/** A user with a random password, which is shown once. */
export function UserAdd(props: { onMade: (user: { name: string; password: string }) => void; onClose: () => void }) {
  const create = useAct('POST /v1/users')
  return (
    <FormDialog<NewUser>
      title={t('users.add')}
      action={t('users.add')}
      initial={{ role: 'developer' }}
      onSubmit={async ({ name, role, email }) => {
        const body = { name, role, withPassword: true, ...(email ? { email } : {}) }
        const made = await create.mutateAsync({ body })
        props.onMade({ name: made.name, password: made.password ?? '' })
      }}
      onClose={props.onClose}
    >
      <Form.Item name="name" label={t('signIn.user')} extra={t('users.nameHint')} rules={needed()}>
        <Input autoFocus maxLength={100} autoComplete="off" />
      </Form.Item>
      <Form.Item name="role" label={t('members.role')} rules={needed()}>
        <Select options={roleOptions()} />
      </Form.Item>
      <Form.Item name="email" label={t('users.email')} extra={t('users.emailHint')}>
        <Input maxLength={254} autoComplete="off" />
      </Form.Item>
    </FormDialog>
  )
}
