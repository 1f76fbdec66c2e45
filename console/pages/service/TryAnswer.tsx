// What a service answered: its status and time, the likeliest classes where it names them, and the body as it came.
import { Alert, Collapse, Progress } from 'antd'
import type { Returns } from '../../api.ts'
import { formatNumber, t } from '../../i18n/t.ts'
import { CodeBlock } from '../../ui/CodeBlock.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { fromBase64 } from './bytes.ts'

export type Answer = Returns<'POST /v1/services/{service}/try'>

interface Prediction {
  label: string
  score: number
}

export function TryAnswer({ answer }: { answer: Answer | null }) {
  if (answer === null) return <EmptyState title={t('try.noAnswer')} />
  const body = readBody(answer)
  const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`)
  return (
    <div style={{ display: 'grid', gap: 12, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <div role="status">
        <Tag tone={answer.status < 400 ? 'success' : 'error'}>{t('try.status', { status: String(answer.status) })}</Tag>
        <span className="numeric">{t('try.took', { ms: answer.ms })}</span>
      </div>
      {body.predictions ? <Predictions predictions={body.predictions} /> : null}
      {answer.cut ? <Alert type="warning" showIcon title={t('try.cut')} /> : null}
      {body.picture ? <img src={body.picture} alt="" style={{ maxWidth: '100%' }} /> : <CodeBlock code={body.text} />}
      <Collapse
        size="small"
        items={[{ key: 'headers', label: t('try.headers'), children: <CodeBlock code={headers.join('\n')} /> }]}
      />
    </div>
  )
}

function Predictions({ predictions }: { predictions: Prediction[] }) {
  const [best] = predictions
  return (
    <section
      aria-label={t('try.recognised')}
      style={{ display: 'flex', gap: 24, alignItems: 'center', flexWrap: 'wrap' }}
    >
      <div>
        <div className="quiet">{t('try.recognised')}</div>
        <div style={{ fontSize: 56, lineHeight: '60px', fontWeight: 600 }}>
          <output>{best?.label}</output>
        </div>
      </div>
      <div style={{ flex: 1, minWidth: 200 }}>
        {predictions.map(({ label, score }) => (
          <div key={label} style={{ display: 'flex', gap: 12, alignItems: 'center' }}>
            <span className="said numeric" style={{ minWidth: 24 }}>
              {label}
            </span>
            <Progress
              aria-label={label}
              percent={score * 100}
              size="small"
              format={percent => `${formatNumber(percent ?? 0)}%`}
            />
          </div>
        ))}
      </div>
    </section>
  )
}

interface Body {
  text: string
  predictions: Prediction[] | null
  picture: string | null
}

function readBody({ bodyBase64, headers, cut }: Answer): Body {
  const type = headers['content-type'] ?? ''
  const none = { predictions: null, picture: null }
  if (/^image\/(png|jpeg|gif|webp)\b/.test(type)) {
    return { ...none, text: '', picture: `data:${type.split(';')[0]};base64,${bodyBase64}` }
  }
  const bytes = fromBase64(bodyBase64)
  if (bytes.length === 0) return { ...none, text: t('try.emptyBody') }
  try {
    const text = new TextDecoder('utf-8', { fatal: !cut }).decode(bytes)
    return { ...none, ...readJson(text) }
  } catch {
    return { ...none, text: t('try.binary', { type, bytes: bytes.length }) }
  }
}

function readJson(text: string): { text: string; predictions: Prediction[] | null } {
  try {
    const value = JSON.parse(text) as { predictions?: unknown }
    return { text: JSON.stringify(value, null, 2), predictions: predictionsOf(value?.predictions) }
  } catch {
    return { text, predictions: null }
  }
}

const predictionsOf = (value: unknown): Prediction[] | null =>
  Array.isArray(value) && value.length > 0 && value.every(isPrediction) ? value : null

const isPrediction = (value: unknown): value is Prediction =>
  typeof value === 'object' &&
  value !== null &&
  'label' in value &&
  'score' in value &&
  typeof value.label === 'string' &&
  typeof value.score === 'number'
