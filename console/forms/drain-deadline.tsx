import { Alert, App, Form, InputNumber, Modal } from 'antd'
import { Refused } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { errorText } from '../ui/refusal.ts'

const hour = 60

/** A drain that waits longer than was thought: when to ask next, counted from now. */
export function DrainDeadline({ machineId, onClose }: { machineId: string; onClose: () => void }) {
  const { message } = App.useApp()
  const [form] = Form.useForm<{ minutes: number }>()
  const set = useAct('PUT /v1/machines/{machineId}/drain/deadline')
  const submit = async ({ minutes }: { minutes: number }) => {
    await set.mutateAsync({ params: { machineId }, body: { deadlineSeconds: minutes * 60 } })
    void message.success(t('drain.deadlineSet'))
    onClose()
  }
  return (
    <Modal
      open
      title={t('drain.setDeadline')}
      okText={t('common.save')}
      cancelText={t('common.cancel')}
      onCancel={onClose}
      onOk={() => form.submit()}
      confirmLoading={set.isPending}
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ minutes: hour }}
        onFinish={values =>
          void submit(values).catch(error => {
            if (!(error instanceof Refused)) throw error
          })
        }
      >
        <Form.Item
          name="minutes"
          label={t('drain.deadlineMinutes')}
          extra={t('drain.setDeadlineHint')}
          rules={[{ required: true, message: t('signIn.needed') }]}
        >
          <InputNumber autoFocus min={1} max={1_440} precision={0} />
        </Form.Item>
        {set.error ? <Alert type="error" showIcon role="alert" title={errorText(set.error)} /> : null}
      </Form>
    </Modal>
  )
}
