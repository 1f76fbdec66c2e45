// Restarting one instance: another one in its place, which serves first, or its process alone, which leaves a gap that is shown
// and, where the service could not spare it, to be accepted.
import { Alert, App, Radio, Skeleton } from 'antd'
import { useState } from 'react'
import { t } from '../../i18n/t.ts'
import { useAct, useApi } from '../../queries.ts'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { errorText } from '../../ui/refusal.ts'
import { Gap } from './Gap.tsx'

type Mode = 'replace' | 'process'
const modes: Mode[] = ['replace', 'process']

interface Props {
  service: string
  serviceInstanceId: string
  onClose: () => void
}

export function RestartInstance({ service, serviceInstanceId, onClose }: Props) {
  const { message } = App.useApp()
  const [mode, setMode] = useState<Mode>('replace')
  const params = { service, serviceInstanceId }
  const ofProcess = mode === 'process'
  const preview = useApi(
    'POST /v1/services/{service}/instances/{serviceInstanceId}/restart/preview',
    { params, body: {} },
    { enabled: ofProcess },
  )
  const restart = useAct('POST /v1/services/{service}/instances/{serviceInstanceId}/restart')
  const shown = preview.error ? null : (preview.data ?? null)
  const confirm = async () => {
    const asShown = shown === null ? {} : { previewId: shown.previewId, acceptGap: shown.needsAcceptGap }
    await restart.mutateAsync({ params, body: ofProcess ? { mode, ...asShown } : { mode } })
    void message.success(t('services.accepted', { action: t('services.instance.restart') }))
  }
  const toAccept = ofProcess && shown?.needsAcceptGap === true
  return (
    <ConfirmImpact
      open
      danger={toAccept}
      title={t('services.instance.confirm.restart', { id: serviceInstanceId })}
      action={t(ofProcess ? 'services.instance.restartMode.process' : 'services.instance.restart')}
      {...(toAccept ? { acknowledge: t(shown.losesLast ? 'rollout.goFirstLast' : 'services.instance.fewer') } : {})}
      ready={!ofProcess || shown !== null}
      onConfirm={confirm}
      onClose={onClose}
    >
      <Radio.Group
        aria-label={t('services.instance.restart')}
        value={mode}
        onChange={event => setMode(event.target.value as Mode)}
        options={modes.map(value => ({ value, label: t(`services.instance.restartMode.${value}`) }))}
      />
      <div>{t(`services.instance.restartHow.${mode}`)}</div>
      {ofProcess ? <OfProcess shown={shown} error={preview.error} /> : null}
    </ConfirmImpact>
  )
}

type Shown = Parameters<typeof Gap>[0]['impact']

function OfProcess({
  shown,
  error,
}: {
  shown: (Omit<Shown, 'regainsRoom' | 'inFlight'> & { waits: boolean; instances: Pick<Shown, 'inFlight'>[] }) | null
  error: unknown
}) {
  if (error)
    return <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(error)}</span>} />
  if (shown === null) return <Skeleton active title={false} paragraph={{ rows: 2 }} />
  if (shown.waits) return <Alert type="info" showIcon title={t('services.instance.restartWaits')} />
  return <Gap impact={{ ...shown, regainsRoom: true, inFlight: shown.instances[0]?.inFlight ?? null }} />
}
