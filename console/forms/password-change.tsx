import { App, Form, Input } from 'antd'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

interface Passwords {
  current: string
  next: string
  again: string
}

/** One's own password; every other session ends with it. */
export function PasswordChange({ onClose }: { onClose: () => void }) {
  const { message } = App.useApp()
  const change = useAct('PUT /v1/password')
  return (
    <FormDialog<Passwords>
      title={t('password.title')}
      action={t('password.change')}
      onSubmit={async ({ current, next }) => {
        await change.mutateAsync({ body: { current, next } })
        void message.success(t('password.changed'))
        onClose()
      }}
      onClose={onClose}
    >
      <Form.Item name="current" label={t('password.current')} rules={needed()}>
        <Input.Password autoFocus autoComplete="current-password" maxLength={200} />
      </Form.Item>
      <Form.Item name="next" label={t('password.next')} extra={t('password.hint')} rules={needed()}>
        <Input.Password autoComplete="new-password" maxLength={200} />
      </Form.Item>
      <Form.Item
        name="again"
        label={t('password.again')}
        dependencies={['next']}
        rules={[
          ...needed(),
          ({ getFieldValue }) => ({
            validator: (_, value) =>
              !value || value === getFieldValue('next')
                ? Promise.resolve()
                : Promise.reject(new Error(t('password.different'))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" maxLength={200} />
      </Form.Item>
    </FormDialog>
  )
}
