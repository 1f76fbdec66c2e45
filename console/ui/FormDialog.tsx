// A dialog around a form: what is refused is shown below its fields, and nothing typed is lost.
import { Alert, Form, type FormInstance, Modal } from 'antd'
import { type ReactNode, useState } from 'react'
import { t } from '../i18n/t.ts'
import { errorText } from './refusal.ts'

interface Props<Values extends object> {
  title: string
  /** The button's words. */
  action: string
  initial?: Partial<Values>
  form?: FormInstance<Values>
  /** Nothing to send yet. */
  disabled?: boolean
  children: ReactNode
  /** Closes the dialog by itself when it is done; a refusal keeps it open. */
  onSubmit: (values: Values) => Promise<unknown>
  onClose: () => void
}

export function FormDialog<Values extends object>(props: Props<Values>) {
  const { title, action, initial, disabled = false, children, onSubmit, onClose } = props
  const [own] = Form.useForm<Values>()
  const form = props.form ?? own
  const [working, setWorking] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const submit = async (values: Values) => {
    setWorking(true)
    setError(null)
    try {
      await onSubmit(values)
    } catch (thrown) {
      setError(thrown)
    } finally {
      setWorking(false)
    }
  }
  return (
    <Modal
      open
      title={<span className="said">{title}</span>}
      okText={action}
      cancelText={t('common.cancel')}
      onCancel={onClose}
      onOk={() => form.submit()}
      confirmLoading={working}
      okButtonProps={{ disabled }}
    >
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        {...(initial ? { initialValues: initial } : {})}
        onFinish={values => void submit(values)}
      >
        {children}
        {error === null ? null : (
          <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(error)}</span>} />
        )}
      </Form>
    </Modal>
  )
}

export const needed = () => [{ required: true, message: t('signIn.needed') }]
