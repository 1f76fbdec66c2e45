// Who wrote what, when, from where and with which result. The filters stand in the address; the export takes the same ones.
import { Button, Input, Segmented, Space, Tooltip } from 'antd'
import { Fragment, useState } from 'react'
import { type Input as ApiInput, type Item, open } from '../../api.ts'
import { operations } from '../../i18n/operations.ts'
import { refused } from '../../i18n/refused.ts'
import { t, textFrom } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { useApi } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { DayField } from '../../ui/DayField.tsx'
import { DownloadButton } from '../../ui/DownloadButton.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { refusalText } from '../../ui/refusal.ts'
import { Tag } from '../../ui/Tag.tsx'

type Entry = Item<'GET /v1/audit'>
type Query = NonNullable<ApiInput<'GET /v1/audit'>['query']>
type Filter = 'who' | 'operation' | 'result' | 'from' | 'to'

const results = ['', 'done', 'refused'] as const

const isDay = (text: string | undefined): text is string => /^\d{4}-\d{2}-\d{2}$/.test(text ?? '')

/** Midnight of a day as this browser's calendar has it. */
function dayStart(day: string, daysLater = 0): string {
  const at = new Date(`${day}T00:00:00`)
  at.setDate(at.getDate() + daysLater)
  return at.toISOString()
}

function queryOf(search: Partial<Record<Filter, string>>): Query {
  const { who, operation, result, from, to } = search
  return {
    ...(who ? { who } : {}),
    ...(operation ? { operation } : {}),
    ...(result === 'done' || result === 'refused' ? { result } : {}),
    ...(isDay(from) ? { from: dayStart(from) } : {}),
    // The last day is included.
    ...(isDay(to) ? { to: dayStart(to, 1) } : {}),
  }
}

export function AuditPage() {
  const [search] = useSearchState<Filter>()
  const [limit, setLimit] = useState(100)
  const query = queryOf(search)
  const audit = useApi('GET /v1/audit', { query: { ...query, limit } })
  const filtered = Object.keys(query).length > 0
  return (
    <>
      <PageHeader
        title={t('audit.title')}
        actions={
          <DownloadButton
            fileName="audit.csv"
            load={() => open('GET /v1/audit', { query: { ...query, format: 'csv' } })}
          >
            {t('audit.export')}
          </DownloadButton>
        }
      />
      <AuditFilters />
      <DataTable<Entry>
        label={t('audit.title')}
        answer={{ ...audit, data: audit.data?.items }}
        rowKey={entry => entry.auditId}
        empty={<EmptyState title={filtered ? t('common.noMatch') : t('audit.empty')} />}
        columns={columns()}
      />
      {audit.data?.nextPageToken && limit < 500 ? (
        <Button onClick={() => setLimit(500)}>{t('events.more')}</Button>
      ) : null}
      {audit.data?.nextPageToken && limit === 500 ? <p>{t('audit.exportForMore')}</p> : null}
    </>
  )
}

function AuditFilters() {
  const [search, setSearch] = useSearchState<Filter>()
  const text = (name: 'who' | 'operation', label: string) => (
    <Input.Search
      key={name}
      allowClear
      aria-label={label}
      placeholder={label}
      defaultValue={search[name] ?? ''}
      maxLength={100}
      onSearch={value => setSearch({ [name]: value })}
      style={{ width: 175 }}
    />
  )
  const day = (name: 'from' | 'to', label: string) => (
    <DayField
      key={name}
      label={label}
      prefix={<span className="quiet">{label}</span>}
      value={search[name] ?? ''}
      onChange={value => setSearch({ [name]: value })}
      width={172}
    />
  )
  return (
    <div className="filters" style={{ display: 'flex', flexWrap: 'wrap', gap: 8, marginBottom: 12 }}>
      {text('who', t('audit.who'))}
      {text('operation', t('audit.operation'))}
      <Segmented
        aria-label={t('audit.result')}
        value={search.result ?? ''}
        onChange={value => setSearch({ result: value })}
        options={results.map(value => ({ value: value as string, label: t(`audit.result.${value || 'all'}`) }))}
      />
      {day('from', t('audit.from'))}
      {day('to', t('audit.to'))}
    </div>
  )
}

/** Longer than any id of ours: what somebody made up, and it may break anywhere. */
const idLength = 40

/** One id or several: a line breaks between them, and not within one. */
function Subject({ ids }: { ids: string }) {
  return (
    <span className="said id-text wrap">
      {(ids || '—').split(' ').map((id, index, all) => (
        <Fragment key={all.slice(0, index + 1).join(' ')}>
          {index > 0 ? ' ' : null}
          <span style={id.length <= idLength ? { whiteSpace: 'nowrap' } : {}}>{id}</span>
        </Fragment>
      ))}
    </span>
  )
}

/** What people read, and below it what programs call it. */
function Worded({ text, code, width }: { text: string | null; code: string; width: number }) {
  return (
    <Space orientation="vertical" size={0} style={{ maxWidth: width }}>
      {text === null ? null : <span className="said wrap">{text}</span>}
      <span className="said id-text wrap quiet">{code}</span>
    </Space>
  )
}

/** An operation of EAS has one word for its name, and those that are refused for not being offered have no text each. */
const operationText = (operation: string): string | null =>
  textFrom(operations, `operation.${operation}`) ??
  (operation.includes(' ') ? null : textFrom(operations, 'operation.notOffered'))

function codeText(code: string): string | null {
  const text = textFrom(refused, `refused.${code}`) ?? refusalText({ code, message: '' })
  return text === code ? null : text
}

const columns = () => [
  {
    title: t('audit.at'),
    width: widths.instantWithSeconds,
    render: (_: unknown, { at }: Entry) => <Instant at={at} seconds />,
  },
  {
    title: t('audit.who'),
    width: 150,
    minWidth: 146,
    render: (_: unknown, { who, method, credentialId }: Entry) => (
      <Tooltip title={credentialId ? <span className="said">{credentialId}</span> : null}>
        <Space orientation="vertical" size={0}>
          <span className="said">{who === '' ? '—' : who}</span>
          <span className="quiet">{t(`audit.method.${method}`)}</span>
        </Space>
      </Tooltip>
    ),
  },
  {
    title: t('audit.operation'),
    width: 240,
    minWidth: 200,
    render: (_: unknown, { operation }: Entry) => (
      <Worded text={operationText(operation)} code={operation} width={230} />
    ),
  },
  {
    title: t('audit.subject'),
    // One id of a machine is not broken.
    width: 220,
    minWidth: 206,
    render: (_: unknown, { subjectId }: Entry) => <Subject ids={subjectId} />,
  },
  {
    title: t('audit.result'),
    width: 230,
    render: (_: unknown, { code }: Entry) =>
      code === null ? (
        <Tag tone="success">{t('audit.result.done')}</Tag>
      ) : (
        <>
          <Tag tone="error">{t('audit.result.refused')}</Tag>
          <Worded text={codeText(code)} code={code} width={220} />
        </>
      ),
  },
  { title: t('sessions.address'), width: 110, dataIndex: 'address' },
]
