import { Form, Select } from 'antd'
import type { Returns } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct, useApi } from '../queries.ts'
import { useSession } from '../session.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'
import { useMay } from '../ui/may.ts'

export type NewKey = Returns<'POST /v1/access-keys'>

/** A key for oneself; who manages users chooses whose it is. */
export function AccessKeyCreate({ onMade, onClose }: { onMade: (key: NewKey) => void; onClose: () => void }) {
  const { data: session } = useSession()
  const choosesUser = useMay('user.write') === null
  const users = useApi('GET /v1/users', {}, { enabled: choosesUser })
  const create = useAct('POST /v1/access-keys')
  const own = { value: session?.userId ?? '', label: session?.userName ?? '' }
  const options = users.data?.items
    .filter(user => user.disabledAt === null)
    .map(user => ({ value: user.userId, label: user.name })) ?? [own]
  return (
    <FormDialog<{ userId: string }>
      title={t('keys.create')}
      action={t('keys.create')}
      initial={{ userId: own.value }}
      onSubmit={async body => onMade(await create.mutateAsync({ body }))}
      onClose={onClose}
    >
      <Form.Item name="userId" label={t('keys.forUser')} extra={t('keys.forUserHint')} rules={needed()}>
        <Select options={options} disabled={!choosesUser} showSearch={{ optionFilterProp: 'label' }} />
      </Form.Item>
    </FormDialog>
  )
}
