import { App, Form, InputNumber } from 'antd'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

const hour = 60

/** A drain that waits longer than was thought: when to ask next, counted from now. */
export function DrainDeadline({ machineId, onClose }: { machineId: string; onClose: () => void }) {
  const { message } = App.useApp()
  const set = useAct('PUT /v1/machines/{machineId}/drain/deadline')
  const submit = async ({ minutes }: { minutes: number }) => {
    await set.mutateAsync({ params: { machineId }, body: { deadlineSeconds: minutes * 60 } })
    void message.success(t('drain.deadlineSet'))
    onClose()
  }
  return (
    <FormDialog<{ minutes: number }>
      title={t('drain.setDeadline')}
      action={t('common.save')}
      initial={{ minutes: hour }}
      onSubmit={submit}
      onClose={onClose}
    >
      <Form.Item name="minutes" label={t('drain.deadlineMinutes')} extra={t('drain.setDeadlineHint')} rules={needed()}>
        <InputNumber autoFocus min={1} max={1_440} precision={0} />
      </Form.Item>
    </FormDialog>
  )
}
