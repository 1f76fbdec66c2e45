import { Form, Select } from 'antd'
import type { Item } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog } from '../ui/FormDialog.tsx'
import type { NewKey } from './access-key-create.tsx'

const hours = [0, 1, 24, 168, 720] as const

/** A new key for the same user; the old one goes on for a while, so that nothing stops in between. */
export function AccessKeyRotate(props: {
  accessKey: Item<'GET /v1/access-keys'>
  onMade: (key: NewKey) => void
  onClose: () => void
}) {
  const { accessKeyId } = props.accessKey
  const rotate = useAct('POST /v1/access-keys/{accessKeyId}/rotate')
  return (
    <FormDialog<{ hours: number }>
      title={t('keys.rotateTitle', { id: accessKeyId })}
      action={t('keys.rotate')}
      initial={{ hours: 24 }}
      onSubmit={async ({ hours }) => {
        const input = { params: { accessKeyId }, body: { overlapSeconds: hours * 3600 } }
        props.onMade(await rotate.mutateAsync(input))
      }}
      onClose={props.onClose}
    >
      <p>{t('keys.rotateHint')}</p>
      <Form.Item name="hours" label={t('keys.overlap')}>
        <Select
          options={hours.map(count => ({
            value: count,
            label:
              count === 0
                ? t('keys.overlapNone')
                : count < 48
                  ? t('keys.overlapHours', { count })
                  : t('keys.overlapDays', { count: count / 24 }),
          }))}
        />
      </Form.Item>
    </FormDialog>
  )
}
