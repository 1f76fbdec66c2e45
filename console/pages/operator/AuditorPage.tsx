// What the auditor has checked and found, and whether billing stands still for it.
import { Alert } from 'antd'
import type { Returns } from '../../api.ts'
import { auditor as texts } from '../../i18n/auditor.ts'
import { formatInstant, t, textFrom } from '../../i18n/t.ts'
import { live, useApi } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { Tag } from '../../ui/Tag.tsx'

type Auditor = Returns<'GET /v1/auditor'>
type Check = Auditor['checks'][number]

/** What is broken first, then as they are numbered. */
const inOrder = (checks: readonly Check[]): Check[] =>
  checks.toSorted(
    (a, b) =>
      Number(b.findings.length > 0) - Number(a.findings.length > 0) ||
      a.name.localeCompare(b.name, 'en', { numeric: true }),
  )

export function AuditorPage() {
  const found = useApi('GET /v1/auditor', {}, live)
  const checks = found.data ? inOrder(found.data.checks) : undefined
  const broken = (checks ?? []).filter(check => check.findings.length > 0).map(check => check.name)
  return (
    <>
      <PageHeader title={t('nav.auditor')} />
      <p className="quiet">{textFrom(texts, 'auditor.intro')}</p>
      {found.data ? <Billing auditor={found.data} /> : null}
      <DataTable<Check>
        // What is found while one looks is shown at once.
        key={broken.join()}
        label={t('nav.auditor')}
        answer={{ ...found, data: checks }}
        rowKey={check => check.name}
        empty={<EmptyState title={textFrom(texts, 'auditor.empty')} />}
        expandable={{
          rowExpandable: check => check.findings.length > 0,
          defaultExpandedRowKeys: broken,
          expandedRowRender: check => <Findings check={check} />,
        }}
        columns={[
          {
            title: textFrom(texts, 'auditor.check'),
            width: widths.text * 2,
            render: (_, { name }) => (
              <>
                <span className="id-text quiet">{name.split(' ')[0]}</span> {invariantText(name)}
              </>
            ),
          },
          {
            title: textFrom(texts, 'auditor.result'),
            width: widths.charge,
            render: (_, check) => <Result check={check} />,
          },
          {
            title: textFrom(texts, 'auditor.money'),
            width: widths.count,
            render: (_, { parksBilling }) => (parksBilling ? <Tag>{textFrom(texts, 'auditor.money')}</Tag> : '—'),
          },
          {
            title: textFrom(texts, 'auditor.checkedAt'),
            width: widths.instantWithSeconds,
            render: (_, { checkedAt }) => <Instant at={checkedAt} seconds />,
          },
          {
            title: textFrom(texts, 'auditor.roundEndedAt'),
            width: widths.instantWithSeconds,
            render: (_, { roundEndedAt }) => <Instant at={roundEndedAt} seconds />,
          },
        ]}
      />
    </>
  )
}

const invariantText = (name: string): string => textFrom(texts, `invariant.${name}`) ?? name

function Billing({ auditor: { billingParkedSince: since, checks } }: { auditor: Auditor }) {
  const clock = useApi('GET /v1/clock', {}, live).data
  // The banner above says that billing waits for the clock: nothing here may say that it runs.
  if (since === null && clock?.jump !== null) return null
  const count = checks.reduce((total, check) => total + check.findings.length, 0)
  return (
    <Alert
      type={since === null ? (count > 0 ? 'warning' : 'success') : 'error'}
      showIcon
      style={{ marginBottom: 12 }}
      title={
        since === null
          ? textFrom(texts, 'auditor.runs')
          : textFrom(texts, 'auditor.parked', { since: formatInstant(since) })
      }
      {...(since === null
        ? count > 0
          ? { description: textFrom(texts, 'auditor.foundElse', { count }) }
          : {}
        : { description: textFrom(texts, 'auditor.parkedHint') })}
    />
  )
}

function Result({ check: { findings, roundEndedAt } }: { check: Check }) {
  if (findings.length > 0) return <Tag tone="error">{textFrom(texts, 'auditor.found', { count: findings.length })}</Tag>
  if (roundEndedAt === null) return <Tag>{textFrom(texts, 'auditor.notYet')}</Tag>
  return <Tag tone="success">{textFrom(texts, 'auditor.holds')}</Tag>
}

/** As the check says them: with the ids that one looks for. */
function Findings({ check: { findings, parksBilling } }: { check: Check }) {
  return (
    <div>
      <p className="quiet">{textFrom(texts, parksBilling ? 'auditor.recordOfMoney' : 'auditor.record')}</p>
      <FindingList findings={findings} />
    </div>
  )
}

function FindingList({ findings }: Pick<Check, 'findings'>) {
  return (
    <ul className="impact">
      {findings.map(({ detail, firstSeenAt }) => (
        <li key={detail} className="said">
          <code>{detail}</code>{' '}
          <span className="quiet">{textFrom(texts, 'auditor.since', { at: formatInstant(firstSeenAt) })}</span>
        </li>
      ))}
    </ul>
  )
}
