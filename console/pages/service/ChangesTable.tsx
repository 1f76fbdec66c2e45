import { Table } from 'antd'
import { changesOf, type FieldChange } from '../../../src/lib/changes.ts'
import { t } from '../../i18n/t.ts'

interface Props {
  before: object
  after: object
  /** The heads of the two columns. */
  heads: readonly [before: string, after: string]
  /** Said when nothing differs. */
  same: string
}

/** What differs between two descriptions of a service, field by field. */
export function ChangesTable({ before, after, heads, same }: Props) {
  const changes = changesOf(before, after)
  if (changes.length === 0) return <div className="quiet">{same}</div>
  return (
    <Table<FieldChange>
      size="small"
      pagination={false}
      rowKey={change => change.field}
      dataSource={changes}
      scroll={{ x: 'max-content' }}
      columns={[
        { title: t('services.changedField'), render: (_, { field }) => <code className="id-text">{field}</code> },
        { title: heads[0], render: (_, { before }) => <Value value={before} tone="removed" /> },
        { title: heads[1], render: (_, { after }) => <Value value={after} tone="added" /> },
      ]}
    />
  )
}

function Value({ value, tone }: { value: unknown; tone: 'removed' | 'added' }) {
  if (value === undefined) return <span className="quiet">{t('services.unset')}</span>
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const Mark = tone === 'removed' ? 'del' : 'ins'
  return <Mark className="said id-text wrap">{text === '' ? '""' : text}</Mark>
}
