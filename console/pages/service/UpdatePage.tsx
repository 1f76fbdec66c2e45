// Updates a service: its description as form and JSON, what changes against the present version, and what the update will do.
import { useRouter } from '@tanstack/react-router'
import { Alert, App, Button, Card } from 'antd'
import { useState } from 'react'
import { t } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { errorText } from '../../ui/refusal.ts'
import { LinkButton } from '../../ui/TextLink.tsx'
import { servicesTrail } from '../../ui/trails.ts'
import { ChangesTable } from './ChangesTable.tsx'
import type { Service } from './ServiceActions.tsx'
import { ServiceEditor, useServiceText, Verdict } from './ServiceEditor.tsx'
import { ServiceFit } from './ServiceFit.tsx'
import { parseJson, textOfJson, withReplicas } from './service-json.ts'
import { UpdateImpact } from './UpdateImpact.tsx'
import { checkOf, useSettled } from './use-check.ts'

export function UpdatePage() {
  const { workspaceId, service: key } = usePathParams('workspaceId', 'service')
  const [{ from }, setSearch] = useSearchState<'from'>()
  const [begun, setBegun] = useState(0)
  const params = { service: key }
  const service = useApi('GET /v1/services/{service}', { params }, live)
  const versions = useApi('GET /v1/services/{service}/versions', { params }, { enabled: from !== undefined })
  const failed = service.error ?? versions.error
  if (failed && !service.data) {
    const trail = servicesTrail(workspaceId)
    return <ErrorState error={failed} onRetry={() => void service.refetch()} page={{ title: key, trail }} />
  }
  if (!service.data || (from !== undefined && versions.isPending)) return <PageSkeleton />
  const older = versions.data?.items.find(one => String(one.version) === from)
  const again = () => {
    setSearch({ from: undefined })
    setBegun(before => before + 1)
  }
  return <Updating key={begun} service={service.data} start={older?.config ?? service.data.config} onAgain={again} />
}

interface Props {
  service: Service
  /** What the editor begins with: the present version, or an older one. */
  start: Record<string, unknown>
  onAgain: () => void
}

function Updating({ service, start, onAgain }: Props) {
  // The version that is being edited: whoever changes the service meanwhile must not be undone.
  const [seen] = useState(service)
  const present = withReplicas(seen.config, seen.replicas)
  const described = useServiceText(() => withReplicas(start, seen.replicas))
  const settled = useSettled(described.text)
  const config = parseJson(settled)
  const asked = useApi(
    'POST /v1/services/{service}/check',
    { params: { service: seen.serviceId }, body: { config: config ?? {}, replace: true } },
    { enabled: config !== null },
  )
  const check = checkOf(described.text, settled, asked)
  const impact = check.answer?.impact
  const page = paths.service(service.workspaceId, service.serviceId)
  return (
    <>
      <PageHeader
        title={t('services.updateTitle', { name: service.name })}
        trail={[...servicesTrail(service.workspaceId), { text: service.name, to: page }]}
      />
      <div className="stack">
        {service.version === seen.version ? null : <ChangedMeanwhile version={service.version} onAgain={onAgain} />}
        <ServiceEditor of={described} check={check} fixed={['name', 'resource']} />
        <Card size="small" title={t('services.changes')}>
          <ChangesTable
            before={present}
            after={described.config}
            heads={[t('services.presentVersion', { version: String(seen.version) }), t('services.newVersion')]}
            same={t('services.noChanges')}
          />
        </Card>
        <Verdict
          check={check}
          warnings={check.answer?.warnings ?? []}
          fine={
            impact ? (
              <>
                <UpdateImpact impact={impact} title={t('services.updateImpact')} />
                {impact.shortage ? (
                  <ServiceFit service={service} change={{ config: config ?? {}, replace: true }} />
                ) : null}
              </>
            ) : null
          }
        />
        <Submit
          service={service}
          seen={seen}
          config={described.config}
          ready={check.state === 'fine' && impact?.effect !== 'none'}
          onReset={() => described.write(textOfJson(present))}
        />
      </div>
    </>
  )
}

function ChangedMeanwhile({ version, onAgain }: { version: number; onAgain: () => void }) {
  return (
    <Alert
      type="warning"
      showIcon
      role="alert"
      title={t('services.changedMeanwhile', { version: String(version) })}
      description={t('services.changedMeanwhileHint')}
      action={<Button onClick={onAgain}>{t('services.startFrom', { version: String(version) })}</Button>}
    />
  )
}

interface SubmitProps {
  service: Service
  seen: Service
  config: Record<string, unknown>
  ready: boolean
  onReset: () => void
}

function Submit({ service, seen, config, ready, onReset }: SubmitProps) {
  const router = useRouter()
  const { message } = App.useApp()
  const update = useAct('PUT /v1/services/{service}')
  const page = paths.service(service.workspaceId, service.serviceId)
  const submit = async () => {
    const { service: updated } = await update.mutateAsync({
      params: { service: seen.serviceId },
      body: { config, replace: true, ifVersion: seen.version },
    })
    void message.success(t('services.updated', { version: String(updated.version) }))
    router.history.push(page)
  }
  return (
    <>
      {update.error ? <Alert type="error" showIcon role="alert" title={errorText(update.error)} /> : null}
      <div className="buttons">
        {service.refusals.update || ready ? (
          <ActionButton
            can="service.write"
            type="primary"
            refusal={service.refusals.update}
            loading={update.isPending}
            // What is refused is shown above.
            onClick={() => void submit().catch(() => undefined)}
          >
            {t('services.update')}
          </ActionButton>
        ) : (
          <Button type="primary" disabled>
            {t('services.update')}
          </Button>
        )}
        <Button onClick={onReset}>{t('services.reset')}</Button>
        <LinkButton to={page}>{t('common.cancel')}</LinkButton>
      </div>
    </>
  )
}
