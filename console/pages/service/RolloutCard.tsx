// What was asked of a service last, until it is done: how far it has come, and why it does not go on.
import { Alert, App, Card, Progress } from 'antd'
import { useState } from 'react'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { useAct } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { causesText } from '../../ui/cause.ts'
import { Instant } from '../../ui/Instant.tsx'
import { errorText } from '../../ui/refusal.ts'
import { LinkButton } from '../../ui/TextLink.tsx'
import { AbortRollout } from './AbortRollout.tsx'
import { GoFirst } from './GoFirst.tsx'
import type { Service } from './ServiceActions.tsx'
import { ServiceFit } from './ServiceFit.tsx'
import { UseVersion } from './UseVersion.tsx'

export function RolloutCard({ workspaceId, service }: { workspaceId: string; service: Service }) {
  const { rollout, causes, version } = service
  if (rollout === null) return null
  const paused = rollout.pause !== null
  const crashing = paused || causes.some(cause => cause.code === 'CrashLoop')
  const short = causes.some(({ code }) => code === 'NoRoom' || code === 'NoOpenMachine' || code === 'NoMachine')
  const title =
    rollout.kind === 'update' || rollout.kind === 'abort'
      ? t(`rollout.${rollout.kind}`, { version: String(version) })
      : t(`rollout.${rollout.kind}`)
  const percent = rollout.total === 0 ? 100 : Math.floor((rollout.done / rollout.total) * 100)
  return (
    <Card
      size="small"
      role="region"
      aria-label={title}
      title={title}
      extra={<Instant at={rollout.startedAt} seconds />}
      style={{ marginBottom: 16 }}
    >
      <div className="stack">
        <div>
          <div>{t('rollout.progress', { done: rollout.done, total: rollout.total })}</div>
          <Progress
            aria-label={title}
            percent={percent}
            size="small"
            status={crashing ? 'exception' : short ? 'normal' : 'active'}
          />
        </div>
        {crashing || short ? (
          <Alert
            type={crashing ? 'error' : 'warning'}
            showIcon
            title={t(crashing ? 'rollout.paused' : 'rollout.waiting')}
            description={
              <div className="stack">
                <span className="said">{causesText(causes.filter(({ code }) => code !== 'Paused'))}</span>
                <WaysOut workspaceId={workspaceId} service={service} crashing={crashing} />
              </div>
            }
          />
        ) : null}
        {short ? <ServiceFit service={service} /> : null}
        {crashing || short ? null : (
          <div className="buttons">
            <span className="said quiet">{causesText(causes)}</span>
            {service.refusals.pause === null ? <Steer service={service} what="pause" /> : null}
            <Abort service={service} />
          </div>
        )}
      </div>
    </Card>
  )
}

function WaysOut(props: { workspaceId: string; service: Service; crashing: boolean }) {
  const { workspaceId, service, crashing } = props
  const [asking, setAsking] = useState(false)
  const before = service.rollout?.kind === 'update' ? service.rollout.fromVersion : null
  return (
    <div className="buttons">
      {before === null || before === service.version ? null : (
        <ActionButton can="service.write" refusal={service.refusals.update} onClick={() => setAsking(true)}>
          {t('rollout.rollBack', { version: String(before) })}
        </ActionButton>
      )}
      {service.refusals.resume === null ? <Steer service={service} what="resume" /> : null}
      <Abort service={service} />
      {crashing ? null : <GoFirst service={service} />}
      {crashing ? (
        <LinkButton to={paths.service(workspaceId, service.serviceId, { tab: 'logs' })}>
          {t('rollout.readLog')}
        </LinkButton>
      ) : (
        <LinkButton to={paths.buy(workspaceId, { groupId: service.groupId })}>{t('groups.addMachines')}</LinkButton>
      )}
      {asking && before !== null ? (
        <UseVersion rollBack service={service} version={before} onClose={() => setAsking(false)} />
      ) : null}
    </div>
  )
}

function Abort({ service }: { service: Service }) {
  const [asking, setAsking] = useState(false)
  if (service.refusals.abort !== null) return null
  return (
    <>
      <ActionButton can="service.write" danger onClick={() => setAsking(true)}>
        {t('rollout.abortIt')}
      </ActionButton>
      {asking ? <AbortRollout service={service} onClose={() => setAsking(false)} /> : null}
    </>
  )
}

/** Neither touches what serves: no preview is needed. */
function Steer({ service, what }: { service: Service; what: 'pause' | 'resume' }) {
  const { message } = App.useApp()
  const pause = useAct('POST /v1/services/{service}/rollout/pause')
  const resume = useAct('POST /v1/services/{service}/rollout/resume')
  const params = { service: service.serviceId }
  const action = t(`rollout.${what}`)
  const steer = async () => {
    if (what === 'pause') await pause.mutateAsync({ params, body: {} })
    else await resume.mutateAsync({ params })
    void message.success(t('services.accepted', { action }))
  }
  return (
    <ActionButton
      can="service.write"
      refusal={service.refusals[what]}
      loading={pause.isPending || resume.isPending}
      onClick={() => void steer().catch(error => message.error(errorText(error)))}
    >
      {action}
    </ActionButton>
  )
}
