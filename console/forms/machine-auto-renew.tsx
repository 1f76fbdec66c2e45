import { Alert, App, Form, Modal, Segmented, Switch } from 'antd'
import { useState } from 'react'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { errorText } from '../ui/refusal.ts'
import { type Months, months } from './machine-renew.tsx'

interface Props {
  machineIds: string[]
  /** How it is now, where all of them agree. */
  autoRenew: boolean
  onDone: () => void
  onClose: () => void
}

/** Whether machines are renewed by themselves before they expire, and for how long each time. */
export function AutoRenewMachines({ machineIds, autoRenew, onDone, onClose }: Props) {
  const { message } = App.useApp()
  const [on, setOn] = useState(autoRenew)
  const [chosen, setChosen] = useState<Months>(1)
  const set = useAct('PUT /v1/renewals/automatic')
  const submit = async () => {
    await set.mutateAsync({ body: { machineIds, autoRenew: on, ...(on ? { months: chosen } : {}) } })
    void message.success(t('machines.autoRenewSet', { count: machineIds.length }))
    onDone()
    onClose()
  }
  return (
    <Modal
      open
      title={t('machines.autoRenewTitle', { count: machineIds.length })}
      okText={t('common.save')}
      cancelText={t('common.cancel')}
      confirmLoading={set.isPending}
      onCancel={onClose}
      onOk={() => void submit().catch(() => undefined)}
    >
      <Form layout="vertical" component="div">
        <Form.Item label={t('machines.autoRenew')} htmlFor="auto-renew">
          <Switch id="auto-renew" checked={on} onChange={setOn} />
        </Form.Item>
        {on ? (
          <Form.Item label={t('machines.autoRenewEach')} extra={t('machines.autoRenewHint')}>
            <Segmented<Months>
              aria-label={t('machines.autoRenewEach')}
              value={chosen}
              onChange={setChosen}
              options={months.map(value => ({ value, label: t('buy.monthsOf', { count: value }) }))}
            />
          </Form.Item>
        ) : null}
      </Form>
      {set.error ? <Alert type="error" showIcon role="alert" title={errorText(set.error)} /> : null}
    </Modal>
  )
}
