// A service's description as a form and as JSON, side by side: two views of one text. What the server says of it is marked
// where it belongs, in both.
import { Alert, Card, Skeleton } from 'antd'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import type { Refused } from '../../api.ts'
import { ServiceForm } from '../../forms/service-deploy.tsx'
import { t, tryT } from '../../i18n/t.ts'
import type { JsonProblem } from '../../ui/JsonEditor.tsx'
import { errorText } from '../../ui/refusal.ts'
import { inputOf, parseJson, type ServiceFields, textOfJson } from './service-json.ts'
import type { Check } from './use-check.ts'

const JsonEditor = lazy(() => import('../../ui/JsonEditor.tsx'))

type Config = Record<string, unknown>

export interface ServiceText {
  text: string
  /** What the text last said while it was valid. */
  config: Config
  write: (text: string) => void
}

export function useServiceText(start: () => Config): ServiceText {
  const [text, setText] = useState(() => textOfJson(start()))
  const [config, setConfig] = useState(start)
  const write = (next: string) => {
    setText(next)
    const parsed = parseJson(next)
    if (parsed) setConfig(parsed)
  }
  return { text, config, write }
}

interface Props {
  of: ServiceText
  check: Check<unknown>
  /** Fields that a service keeps for life. */
  fixed?: readonly (keyof ServiceFields)[]
}

export function ServiceEditor({ of: { text, config, write }, check, fixed = [] }: Props) {
  const field = fieldOf(check.refused)
  const input = field === null ? null : inputOf(field)
  return (
    <div className="side-by-side">
      <Card size="small" title={t('deploy.form')}>
        <ServiceForm
          config={config}
          disabled={check.state === 'badJson'}
          fixed={fixed}
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
  )
}

/** What the server said of the text, for people; `fine` is shown when nothing is wrong with it. */
export function Verdict({ check, warnings, fine }: { check: Check<unknown>; warnings: string[]; fine: ReactNode }) {
  return (
    <div role="status" className="stack">
      <VerdictAlert check={check} fine={fine} />
      {check.state === 'fine' && warnings.length > 0 ? (
        <Alert type="warning" showIcon title={t('deploy.warnings')} description={warnings.join(' · ')} />
      ) : null}
    </div>
  )
}

function VerdictAlert({ check, fine }: { check: Check<unknown>; fine: ReactNode }) {
  switch (check.state) {
    case 'untouched':
      return <Alert type="info" showIcon title={t('deploy.begin')} />
    case 'badJson':
      return <Alert type="error" showIcon title={t('deploy.badJson')} description={t('deploy.badJsonHint')} />
    case 'checking':
      return <Alert type="info" showIcon title={t('deploy.checking')} />
    case 'refused':
      return <Alert type="warning" showIcon title={check.refused ? problemText(check.refused) : ''} />
    case 'fine':
      return fine
  }
}

const fieldOf = (refused: Refused | null): string | null =>
  typeof refused?.details.field === 'string' ? refused.details.field : null

function problemText(refused: Refused): string {
  const known = refused.code === 'InvalidServiceConfig' ? tryT(`check.${fieldOf(refused)}`) : null
  return known ?? errorText(refused)
}

/** Where in the text the problem is: the key that is named last, or where the parser stopped. */
function placeOf(text: string, check: Check<unknown>): JsonProblem | null {
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
