import type { Item } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog } from '../ui/FormDialog.tsx'
import type { NewKey } from './access-key-create.tsx'
import { OverlapField, overlapHoursDefault } from './overlap-field.tsx'

/** A new key for the same user; the old one goes on for a while. */
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
      initial={{ hours: overlapHoursDefault }}
      onSubmit={async ({ hours }) => {
        const input = { params: { accessKeyId }, body: { overlapSeconds: hours * 3600 } }
        props.onMade(await rotate.mutateAsync(input))
      }}
      onClose={props.onClose}
    >
      <p>{t('keys.rotateHint')}</p>
      <OverlapField />
    </FormDialog>
  )
}
