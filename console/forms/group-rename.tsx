import { Alert, App, Form, Input, Modal } from 'antd'
import { type Item, Refused } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { errorText } from '../ui/refusal.ts'

/** Names a group anew; refused when another has changed it since it was shown. */
export function GroupRename({ group, onClose }: { group: Item<'GET /v1/groups'>; onClose: () => void }) {
  const { message } = App.useApp()
  const [form] = Form.useForm<{ name: string }>()
  const rename = useAct('PATCH /v1/groups/{groupId}')
  const submit = async ({ name }: { name: string }) => {
    await rename.mutateAsync({ params: { groupId: group.groupId }, body: { name, ifMatch: group.etag } })
    void message.success(t('groups.renamed'))
    onClose()
  }
  return (
    <Modal
      open
      title={<span className="said">{t('groups.renameTitle', { name: group.name })}</span>}
      okText={t('common.save')}
      cancelText={t('common.cancel')}
      onCancel={onClose}
      onOk={() => form.submit()}
      confirmLoading={rename.isPending}
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ name: group.name }}
        onFinish={values =>
          void submit(values).catch(error => {
            if (!(error instanceof Refused)) throw error
          })
        }
      >
        <Form.Item
          name="name"
          label={t('common.name')}
          extra={t('groups.nameHint')}
          rules={[{ required: true, message: t('signIn.needed') }]}
        >
          <Input autoFocus maxLength={100} />
        </Form.Item>
        {rename.error ? <Alert type="error" showIcon role="alert" title={errorText(rename.error)} /> : null}
      </Form>
    </Modal>
  )
}
