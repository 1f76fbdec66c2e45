// Sends a request to the service as its callers do: a drawing, a picture or text; and the same as a program would.
import { DeleteOutlined } from '@ant-design/icons'
import { Alert, Button, Card, Form, Input, Segmented, Select, Upload } from 'antd'
import { useState } from 'react'
import { t } from '../../i18n/t.ts'
import { useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { CodeBlock } from '../../ui/CodeBlock.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { errorText } from '../../ui/refusal.ts'
import { toBase64 } from './bytes.ts'
import { type Language, languages, type Request, snippetOf } from './call-snippets.ts'
import { DrawingPad } from './DrawingPad.tsx'
import type { Service } from './ServiceActions.tsx'
import { TryAnswer } from './TryAnswer.tsx'

const kinds = ['draw', 'picture', 'text'] as const
type Kind = (typeof kinds)[number]
const bytesMax = 700_000
const methods = ['POST', 'GET', 'PUT', 'DELETE'] as const

interface Header {
  name: string
  value: string
}

interface RequestDraft {
  kind: Kind
  picture: Blob | null
  fileName: string
  method: (typeof methods)[number]
  path: string
  contentType: string
  headers: readonly Header[]
  text: string
}

const isModel = (service: Service): boolean => service.config.processor === 'onnx'

export function TryIt({ service }: { service: Service }) {
  const send = useAct('POST /v1/services/{service}/try')
  const [draft, setDraft] = useState<RequestDraft>({
    kind: isModel(service) ? 'draw' : 'text',
    picture: null,
    fileName: 'digit.png',
    method: 'POST',
    path: '',
    contentType: 'application/json',
    headers: [],
    text: '{}',
  })
  const change = (part: Partial<RequestDraft>) => setDraft(before => ({ ...before, ...part }))
  const submit = async (now: RequestDraft) => {
    const blob = bodyOf(now)
    const request = requestOf(service, now)
    await send.mutateAsync({
      params: { service: service.serviceId },
      body: {
        method: now.kind === 'text' ? now.method : 'POST',
        path: now.path,
        headers: { ...request.headers },
        ...(request.contentType === null ? {} : { contentType: request.contentType }),
        ...(blob === null ? {} : { bodyBase64: await toBase64(blob) }),
      },
    })
  }
  // What is refused is shown beside the button.
  const submitQuietly = (now: RequestDraft) => void submit(now).catch(() => undefined)
  return (
    <div style={{ display: 'grid', gap: 16, gridTemplateColumns: 'repeat(auto-fit, minmax(min(400px, 100%), 1fr))' }}>
      <Draft
        draft={draft}
        refusal={service.refusals.invoke}
        sending={send.isPending}
        onChange={change}
        onSend={submitQuietly}
      />
      <Card size="small" title={t('try.answer')}>
        {send.error ? (
          <Alert
            type="error"
            showIcon
            role="alert"
            style={{ marginBottom: 12 }}
            title={<span className="said">{errorText(send.error)}</span>}
          />
        ) : null}
        <TryAnswer answer={send.data ?? null} />
      </Card>
      <Card size="small" title={t('try.code')} style={{ gridColumn: '1 / -1' }}>
        <CallFromCode service={service} request={requestOf(service, draft)} />
      </Card>
    </div>
  )
}

interface DraftProps {
  draft: RequestDraft
  refusal: Service['refusals']['invoke']
  sending: boolean
  onChange: (part: Partial<RequestDraft>) => void
  onSend: (draft: RequestDraft) => void
}

/** The request as it is put together; a drawing is sent after each stroke. */
function Draft({ draft, refusal, sending, onChange, onSend }: DraftProps) {
  const size = bodyOf(draft)?.size ?? 0
  return (
    <Card size="small" title={t('try.how')}>
      <div style={{ display: 'grid', gap: 12, gridTemplateColumns: 'minmax(0, 1fr)', justifyItems: 'start' }}>
        <Segmented<Kind>
          aria-label={t('try.how')}
          value={draft.kind}
          onChange={kind => onChange({ kind, picture: null })}
          options={kinds.map(value => ({ value, label: t(`try.${value}`) }))}
        />
        {draft.kind === 'draw' ? (
          <DrawingPad
            onDrawn={picture => {
              onChange({ picture, fileName: 'digit.png' })
              if (picture && refusal === null) onSend({ ...draft, picture, fileName: 'digit.png' })
            }}
          />
        ) : null}
        {draft.kind === 'picture' ? <PicturePicker draft={draft} onChange={onChange} /> : null}
        <RequestFields draft={draft} onChange={onChange} />
        {size > bytesMax ? <Alert type="error" showIcon title={t('try.tooLarge')} /> : null}
        <ActionButton
          can="service.invoke"
          type="primary"
          refusal={refusal}
          loading={sending}
          onClick={() => {
            if (size <= bytesMax) onSend(draft)
          }}
        >
          {t('try.send')}
        </ActionButton>
      </div>
    </Card>
  )
}

function bodyOf({ kind, picture, method, text }: RequestDraft): Blob | null {
  if (kind !== 'text') return picture
  return method === 'GET' || text === '' ? null : new Blob([text])
}

function requestOf(service: Service, draft: RequestDraft): Request {
  const url = `${service.endpoint}${draft.path}`
  const named = draft.headers.filter(({ name }) => name.trim() !== '')
  const headers = Object.fromEntries(named.map(({ name, value }) => [name.trim(), value]))
  if (draft.kind !== 'text') {
    const contentType = draft.picture?.type || 'image/png'
    return { method: 'POST', url, contentType, headers, body: { file: draft.fileName } }
  }
  const body = draft.method === 'GET' || draft.text === '' ? null : { text: draft.text }
  return { method: draft.method, url, contentType: body === null ? null : draft.contentType, headers, body }
}

function PicturePicker({ draft, onChange }: { draft: RequestDraft; onChange: (part: Partial<RequestDraft>) => void }) {
  return (
    <Upload
      accept="image/png,image/jpeg"
      showUploadList={false}
      beforeUpload={file => {
        onChange({ picture: file, fileName: file.name })
        // Nothing is sent yet.
        return false
      }}
    >
      <Button>{t('try.choose')}</Button> {draft.picture ? <span className="said">{draft.fileName}</span> : null}
    </Upload>
  )
}

const contentTypes = ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream']

function RequestFields({ draft, onChange }: { draft: RequestDraft; onChange: (part: Partial<RequestDraft>) => void }) {
  return (
    <Form layout="vertical" component="div" style={{ width: '100%' }}>
      {draft.kind === 'text' ? (
        <div style={{ display: 'grid', gridTemplateColumns: 'minmax(100px, 1fr) 2fr', gap: 12 }}>
          <Form.Item label={t('try.method')} htmlFor="try-method">
            <Select
              id="try-method"
              value={draft.method}
              onChange={method => onChange({ method })}
              options={methods.map(value => ({ value }))}
            />
          </Form.Item>
          <Form.Item label={t('try.contentType')} htmlFor="try-type">
            <Select
              id="try-type"
              value={draft.contentType}
              onChange={contentType => onChange({ contentType })}
              options={contentTypes.map(value => ({ value }))}
            />
          </Form.Item>
        </div>
      ) : null}
      <Form.Item label={t('try.path')} htmlFor="try-path" extra={t('try.pathHint')} style={{ marginBottom: 12 }}>
        <Input id="try-path" value={draft.path} onChange={event => onChange({ path: event.target.value })} />
      </Form.Item>
      <HeaderFields headers={draft.headers} onChange={headers => onChange({ headers })} />
      {draft.kind === 'text' && draft.method !== 'GET' ? (
        <Form.Item label={t('try.body')} htmlFor="try-body" style={{ marginBottom: 0 }}>
          <Input.TextArea
            id="try-body"
            className="code"
            rows={8}
            value={draft.text}
            onChange={event => onChange({ text: event.target.value })}
          />
        </Form.Item>
      ) : null}
    </Form>
  )
}

interface HeaderProps {
  headers: readonly Header[]
  onChange: (headers: readonly Header[]) => void
}

/** Headers besides the content type; the access key is added by the server. */
function HeaderFields({ headers, onChange }: HeaderProps) {
  const change = (at: number, part: Partial<Header>) =>
    onChange(headers.map((header, index) => (index === at ? { ...header, ...part } : header)))
  return (
    <Form.Item label={t('try.requestHeaders')} style={{ marginBottom: 12 }}>
      <div className="stack">
        {headers.map(({ name, value }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name, and go only by their own button.
          <div key={at} style={{ display: 'flex', gap: 8 }}>
            <Input
              aria-label={t('try.headerName', { number: at + 1 })}
              value={name}
              onChange={event => change(at, { name: event.target.value })}
            />
            <Input
              aria-label={t('try.headerValue', { number: at + 1 })}
              value={value}
              onChange={event => change(at, { value: event.target.value })}
            />
            <Button
              icon={<DeleteOutlined aria-hidden />}
              aria-label={t('try.removeHeader', { number: at + 1 })}
              onClick={() => onChange(headers.filter((_, index) => index !== at))}
            />
          </div>
        ))}
        <div>
          <Button size="small" onClick={() => onChange([...headers, { name: '', value: '' }])}>
            {t('try.addHeader')}
          </Button>
        </div>
      </div>
    </Form.Item>
  )
}

function CallFromCode({ service, request }: { service: Service; request: Request }) {
  const [language, setLanguage] = useState<Language>('curl')
  const [shown, setShown] = useState(false)
  const params = { service: service.serviceId }
  const key = useApi('GET /v1/services/{service}/access-key', { params }, { enabled: shown })
  return (
    <div style={{ display: 'grid', gap: 12, gridTemplateColumns: 'minmax(0, 1fr)', justifyItems: 'stretch' }}>
      <Segmented<Language>
        aria-label={t('try.code')}
        style={{ width: 'fit-content' }}
        value={language}
        onChange={setLanguage}
        options={[...languages]}
      />
      <CodeBlock code={snippetOf(language, request)} />
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: 12, alignItems: 'center' }}>
        <span>{t('try.keyHint')}</span>
        {shown && key.data ? (
          <span>
            {t('try.accessKey')} <IdText id={key.data.accessKey} />
          </span>
        ) : (
          <Button size="small" loading={shown && key.isPending} onClick={() => setShown(true)}>
            {t('try.showKey')}
          </Button>
        )}
        {key.error ? <Alert type="error" showIcon title={errorText(key.error)} /> : null}
      </div>
    </div>
  )
}
