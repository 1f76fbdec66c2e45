// Deploys a service: a form and its JSON side by side, two views of one text. The server checks it while it is typed.
import { useRouter } from '@tanstack/react-router'
import { Alert, App, Button, Card, Skeleton } from 'antd'
import { lazy, Suspense, useState } from 'react'
import type { Refused } from '../../api.ts'
import { ServiceForm } from '../../forms/service-deploy.tsx'
import { t, tryT } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { useAct } from '../../queries.ts'
import type { JsonProblem } from '../../ui/JsonEditor.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { errorText } from '../../ui/refusal.ts'
import { inputOf, parseJson, startJson, textOfJson } from './service-json.ts'
import { type Check, useCheck } from './use-check.ts'

const JsonEditor = lazy(() => import('../../ui/JsonEditor.tsx'))

export function DeployPage() {
  const { workspaceId } = usePathParams('workspaceId')
  const [{ groupId = '' }] = useSearchState<'groupId'>()
  const [text, setText] = useState(() => textOfJson(startJson(groupId)))
  const [config, setConfig] = useState(() => startJson(groupId))
  const check = useCheck(text)
  const write = (next: string) => {
    setText(next)
    const parsed = parseJson(next)
    if (parsed) setConfig(parsed)
  }
  const field = fieldOf(check.refused)
  const input = field === null ? null : inputOf(field)
  return (
    <>
      <PageHeader title={t('services.deploy')} trail={[{ text: t('nav.services'), to: paths.services(workspaceId) }]} />
      <div
        style={{
          display: 'grid',
          gridTemplateColumns: 'repeat(auto-fit, minmax(min(440px, 100%), 1fr))',
          gap: 16,
          alignItems: 'start',
        }}
      >
        <Card size="small" title={t('deploy.form')}>
          <ServiceForm
            config={config}
            disabled={check.state === 'badJson'}
            problem={check.refused && input ? { input, message: problemText(check.refused) } : null}
            onChange={next => write(textOfJson(next))}
          />
        </Card>
        <Card size="small" title={t('services.config')} extra={<span className="quiet">{t('deploy.jsonHint')}</span>}>
          <Suspense fallback={<Skeleton active paragraph={{ rows: 12 }} />}>
            <JsonEditor label={t('services.config')} value={text} onChange={write} problem={placeOf(text, check)} />
          </Suspense>
        </Card>
      </div>
      <Verdict check={check} config={config} workspaceId={workspaceId} />
    </>
  )
}

function Verdict(props: { check: Check; config: Record<string, unknown>; workspaceId: string }) {
  const { check, config, workspaceId } = props
  const router = useRouter()
  const { message } = App.useApp()
  const deploy = useAct('POST /v1/services')
  const submit = async () => {
    const { service } = await deploy.mutateAsync({ body: { config } })
    void message.success(t('deploy.deployed', { name: service.name }))
    router.history.push(paths.service(workspaceId, service.name))
  }
  return (
    <div style={{ display: 'grid', gap: 12, marginTop: 16 }}>
      <div role="status">
        <VerdictAlert check={check} />
      </div>
      {deploy.error ? <Alert type="error" showIcon role="alert" title={errorText(deploy.error)} /> : null}
      <div>
        <Button
          type="primary"
          disabled={check.state !== 'fine'}
          loading={deploy.isPending}
          // What is refused is shown above.
          onClick={() => void submit().catch(() => undefined)}
        >
          {t('services.deploy')}
        </Button>
      </div>
    </div>
  )
}

function VerdictAlert({ check }: { check: Check }) {
  switch (check.state) {
    case 'badJson':
      return <Alert type="error" showIcon title={t('deploy.badJson')} description={t('deploy.badJsonHint')} />
    case 'checking':
      return <Alert type="info" showIcon title={t('deploy.checking')} />
    case 'refused':
      return <Alert type="warning" showIcon title={check.refused ? problemText(check.refused) : ''} />
    case 'fine':
      return check.warnings.length === 0 ? (
        <Alert type="success" showIcon title={t('deploy.fine')} />
      ) : (
        <Alert type="warning" showIcon title={t('deploy.warnings')} description={check.warnings.join(' · ')} />
      )
  }
}

const fieldOf = (refused: Refused | null): string | null =>
  typeof refused?.details.field === 'string' ? refused.details.field : null

function problemText(refused: Refused): string {
  const known = refused.code === 'InvalidServiceConfig' ? tryT(`check.${fieldOf(refused)}`) : null
  return known ?? errorText(refused)
}

/** Where in the text the problem is: the key that is named last, or where the parser stopped. */
function placeOf(text: string, check: Check): JsonProblem | null {
  if (check.state === 'badJson') {
    const from = stoppedAt(text)
    return { from: Math.max(0, from - 1), to: from + 1, message: t('deploy.badJson') }
  }
  const field = fieldOf(check.refused)
  if (check.refused === null || field === null) return null
  const key =
    (field === 'groupId' ? 'resource' : field)
      .split('.')
      .at(-1)
      ?.replace(/\[\d+\]$/, '') ?? ''
  const at = text.indexOf(`"${key}"`)
  return at < 0 ? null : { from: at, to: at + key.length + 2, message: problemText(check.refused) }
}

function stoppedAt(text: string): number {
  try {
    JSON.parse(text)
    return 0
  } catch (error) {
    const found = /position (\d+)/.exec(error instanceof Error ? error.message : '')
    return found ? Number(found[1]) : text.length
  }
}
