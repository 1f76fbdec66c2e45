import { App, Form, InputNumber, Select } from 'antd'
import type { Returns } from '../api.ts'
import { t, textFrom } from '../i18n/t.ts'
import { traffic } from '../i18n/traffic.ts'
import { useAct, useAll } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

type Service = Returns<'GET /v1/services/{service}'>
type Mirror = Returns<'GET /v1/services/{service}/traffic'>['mirror']
type Values = { percent: number; targets: string[] }

/** As many as the server takes. */
const targetsMax = 3

/** Copies a share of the requests to other services of the same workspace and region. */
export function ServiceMirror({
  service,
  present,
  onClose,
}: {
  service: Service
  present: Mirror
  onClose: () => void
}) {
  const { message } = App.useApp()
  const services = useAll('GET /v1/services', {})
  const set = useAct('PUT /v1/services/{service}/mirror')
  const others = services.data?.filter(
    ({ serviceId, workspaceId, regionId }) =>
      serviceId !== service.serviceId && workspaceId === service.workspaceId && regionId === service.regionId,
  )
  const submit = async (body: Values) => {
    await set.mutateAsync({ params: { service: service.serviceId }, body })
    void message.success(textFrom(traffic, 'traffic.mirrorSaved'))
    onClose()
  }
  return (
    <FormDialog<Values>
      title={textFrom(traffic, 'traffic.mirrorTitle', { name: service.name })}
      action={t('common.save')}
      initial={{
        percent: present?.percent ?? 10,
        targets: present?.targets.map(({ serviceId }) => serviceId) ?? [],
      }}
      onSubmit={submit}
      onClose={onClose}
    >
      <Form.Item name="percent" label={textFrom(traffic, 'traffic.mirrorPercent')} rules={needed()}>
        <InputNumber autoFocus min={1} max={100} precision={0} />
      </Form.Item>
      <Form.Item
        name="targets"
        label={textFrom(traffic, 'traffic.mirrorTargets')}
        extra={textFrom(traffic, 'traffic.mirrorTargetsHint')}
        rules={needed()}
      >
        <Select
          mode="multiple"
          maxCount={targetsMax}
          options={(others ?? []).map(({ serviceId, name }) => ({ value: serviceId, label: name }))}
          showSearch={{ optionFilterProp: 'label' }}
        />
      </Form.Item>
    </FormDialog>
  )
}
