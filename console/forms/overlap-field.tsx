import { Form, Select } from 'antd'
import { t } from '../i18n/t.ts'

const hours = [0, 1, 24, 168, 720] as const
export const overlapHoursDefault = 24

/** `hours`: for how long the old key goes on, so that nothing stops in between. */
export const OverlapField = () => (
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
)
