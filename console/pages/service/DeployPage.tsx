// Deploys a service: a form and its JSON side by side. The server checks it while it is typed.
import { useRouter } from '@tanstack/react-router'
import { Alert, App } from 'antd'
import { t } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { errorText } from '../../ui/refusal.ts'
import { LinkButton } from '../../ui/TextLink.tsx'
import { servicesTrail } from '../../ui/trails.ts'
import { WillItFit } from '../../ui/WillItFit.tsx'
import { ServiceEditor, useServiceText, Verdict } from './ServiceEditor.tsx'
import { parseJson, startJson, textOfJson } from './service-json.ts'
import { type Check, checkOf, useSettled } from './use-check.ts'

const untouched: Check<never> = { state: 'untouched', refused: null, answer: null }

export function DeployPage() {
  const { workspaceId } = usePathParams('workspaceId')
  const [{ groupId = '' }] = useSearchState<'groupId'>()
  const router = useRouter()
  const { message } = App.useApp()
  const start = () => startJson(groupId, workspaceId)
  const described = useServiceText(start)
  const settled = useSettled(described.text)
  const config = parseJson(settled)
  const asked = useApi('POST /v1/services/check', { body: { config: config ?? {} } }, { enabled: config !== null })
  const fit = useApi('POST /v1/services/fit', { body: { config: config ?? {} } }, { enabled: asked.isSuccess, ...live })
  const check = described.text === textOfJson(start()) ? untouched : checkOf(described.text, settled, asked)
  const deploy = useAct('POST /v1/services')
  const submit = async () => {
    const { service } = await deploy.mutateAsync({ body: { config: described.config } })
    void message.success(t('deploy.deployed', { name: service.name }))
    router.history.push(paths.service(service.workspaceId, service.serviceId))
  }
  return (
    <>
      <PageHeader title={t('services.deploy')} trail={servicesTrail(workspaceId)} />
      <div className="stack">
        <ServiceEditor of={described} check={check} />
        <Verdict
          check={check}
          warnings={check.answer?.warnings ?? []}
          fine={
            <>
              <Alert type="success" showIcon title={t('deploy.fine')} />
              {fit.data && !fit.isPlaceholderData ? <WillItFit fit={fit.data} workspaceId={workspaceId} /> : null}
            </>
          }
        />
        {deploy.error ? <Alert type="error" showIcon role="alert" title={errorText(deploy.error)} /> : null}
        <div className="buttons">
          <ActionButton
            can="service.write"
            type="primary"
            disabled={check.state !== 'fine'}
            loading={deploy.isPending}
            // What is refused is shown above.
            onClick={() => void submit().catch(() => undefined)}
          >
            {t('services.deploy')}
          </ActionButton>
          <LinkButton to={paths.services(workspaceId)}>{t('common.cancel')}</LinkButton>
        </div>
      </div>
    </>
  )
}
