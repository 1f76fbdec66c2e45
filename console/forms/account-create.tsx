import { Form, Input } from 'antd'
import type { Returns } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

/** An account with its owner, who gets a password and an access key; both are shown once. */
export function AccountCreate(props: {
  onMade: (made: Returns<'POST /v1/accounts'>, ownerName: string) => void
  onClose: () => void
}) {
  const create = useAct('POST /v1/accounts')
  return (
    <FormDialog<{ name: string; ownerName: string }>
      title={t('operator.createAccount')}
      action={t('operator.createAccount')}
      initial={{ ownerName: 'admin' }}
      onSubmit={async ({ name, ownerName }) => {
        props.onMade(await create.mutateAsync({ body: { name, ownerName, withPassword: true } }), ownerName)
      }}
      onClose={props.onClose}
    >
      <Form.Item name="name" label={t('operator.accountName')} extra={t('users.nameHint')} rules={needed()}>
        <Input autoFocus maxLength={100} />
      </Form.Item>
      <Form.Item name="ownerName" label={t('operator.ownerName')} extra={t('operator.ownerHint')} rules={needed()}>
        <Input maxLength={100} />
      </Form.Item>
    </FormDialog>
  )
}
