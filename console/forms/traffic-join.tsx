import { App, AutoComplete, Form } from 'antd'
import type { Returns } from '../api.ts'
import { t, textFrom } from '../i18n/t.ts'
import { traffic } from '../i18n/traffic.ts'
import { useAct, useApi } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

type Service = Returns<'GET /v1/services/{service}'>

/** Puts a service into a group: one that is there, or a new one of this name. */
export function TrafficJoin({ service, onClose }: { service: Service; onClose: () => void }) {
  const { message } = App.useApp()
  const groups = useApi('GET /v1/traffic-groups', {})
  const join = useAct('PUT /v1/services/{service}/traffic-group')
  const there = groups.data?.items.filter(
    group => group.workspaceId === service.workspaceId && group.regionId === service.regionId,
  )
  const submit = async (body: { name: string }) => {
    await join.mutateAsync({ params: { service: service.serviceId }, body })
    void message.success(textFrom(traffic, 'traffic.joined', body))
    onClose()
  }
  return (
    <FormDialog<{ name: string }>
      title={textFrom(traffic, 'traffic.joinTitle', { name: service.name })}
      action={textFrom(traffic, 'traffic.join')}
      onSubmit={submit}
      onClose={onClose}
    >
      <Form.Item
        name="name"
        label={textFrom(traffic, 'traffic.groupName')}
        extra={textFrom(traffic, 'traffic.joinHint')}
        rules={[...needed(), { pattern: /^[a-z][a-z0-9_]{2,62}$/, message: t('deploy.nameHint') }]}
      >
        <AutoComplete autoFocus maxLength={63} options={(there ?? []).map(({ name }) => ({ value: name }))} />
      </Form.Item>
    </FormDialog>
  )
}
