// A table of a list: loading, error and empty states, filters, order and page in the address, and rows drawn only where they
// are seen once there are many.
import { Table, type TableProps } from 'antd'
import type { SorterResult, SortOrder } from 'antd/es/table/interface'
import { type ReactNode, useEffect, useMemo, useRef } from 'react'
import { t } from '../i18n/t.ts'
import { useSearchState } from '../location.ts'
import { EmptyState } from './EmptyState.tsx'
import { ErrorState } from './ErrorState.tsx'
import { makeReachable } from './reachable.ts'

/** From here on rows are drawn as they are scrolled into sight: 10,000 of them scroll smoothly. */
const virtualFrom = 200

export interface Answer<Row> {
  data?: readonly Row[] | undefined
  error: unknown
  isPending: boolean
  refetch: () => unknown
}

type AnyColumn<Row> = NonNullable<TableProps<Row>['columns']>[number]
/** What can be sorted has a name in the address. */
export type Column<Row> = AnyColumn<Row> & ({ sorter?: never } | { key: string; sorter: (a: Row, b: Row) => number })

/** The column of the boxes that choose rows. */
const selectWidth = 48

/** A short list fills the page and breaks what people typed, but no column of it is narrower than this. */
const narrowest = 72

interface Props<Row extends object> {
  /** The name that screen readers say. */
  label: string
  answer: Answer<Row>
  rowKey: (row: Row) => string
  columns: readonly Column<Row>[]
  /** Shown when there is no row at all. */
  empty: ReactNode
  /** Keeps the rows that the filters in the address ask for. */
  keep?: (row: Row) => boolean
  selection?: { keys: readonly string[]; onChange: (keys: string[]) => void }
  /** Pixels, about: how many rows of a long list are drawn before they are measured. */
  rowHeight?: number
  /** The names of the parameters in the address, where one page shows two tables. */
  pageParameter?: string
  sortParameter?: string
  expandable?: NonNullable<TableProps<Row>['expandable']>
}

export function DataTable<Row extends object>(props: Props<Row>) {
  const { label, answer, rowKey, empty, keep, selection, expandable, rowHeight } = props
  const { pageParameter = 'page', sortParameter = 'sort' } = props
  const [search, setSearch] = useSearchState<string>()
  // Filtered only when the rows or the filters are others: 10,000 rows are drawn anew with every choice.
  const rows = useMemo(() => (answer.data ?? []).filter(row => keep?.(row) ?? true), [answer.data, keep])
  const sort = search[sortParameter]
  const columns = useMemo(() => inOrder(props.columns, sort), [props.columns, sort])
  const section = useRef<HTMLElement>(null)
  useEffect(() => tend(section.current))
  if (answer.error && !answer.data) return <ErrorState error={answer.error} onRetry={() => answer.refetch()} />
  const many = rows.length > virtualFrom
  const isFiltered = (answer.data?.length ?? 0) > 0
  const before = selection ? selectWidth : 0
  const width = columns.reduce((sum, column) => sum + (typeof column.width === 'number' ? column.width : 150), before)
  return (
    <section aria-label={label} aria-busy={answer.isPending} ref={section}>
      <Table<Row>
        size="small"
        rowKey={rowKey}
        columns={columns}
        dataSource={rows}
        loading={answer.isPending}
        virtual={many}
        onChange={(_, __, sorter, { action }) => {
          if (action === 'sort') setSearch({ [sortParameter]: nameOf(sorter), [pageParameter]: undefined })
        }}
        scroll={many ? { x: width, y: 560 } : { x: true }}
        pagination={
          many
            ? false
            : {
                current: Number(search[pageParameter] ?? 1),
                pageSize: 50,
                hideOnSinglePage: true,
                showSizeChanger: false,
                onChange: page => setSearch({ [pageParameter]: page === 1 ? undefined : String(page) }),
              }
        }
        locale={{
          emptyText: answer.isPending ? <div className="table-loading" /> : isFiltered ? noMatch() : empty,
        }}
        {...(selection
          ? {
              rowSelection: {
                selectedRowKeys: [...selection.keys],
                onChange: keys => selection.onChange(keys.map(String)),
                preserveSelectedRowKeys: true,
                columnWidth: selectWidth,
                renderCell: (checked, row) => (
                  <SelectRow
                    name={rowKey(row)}
                    checked={checked}
                    onChange={() => selection.onChange(toggled(selection.keys, rowKey(row)))}
                  />
                ),
                getTitleCheckboxProps: () => ({ 'aria-label': t('common.selectAll') }),
              },
            }
          : {})}
        {...(expandable ? { expandable } : {})}
        // Ant Design hands it on to the list of rows, though its types do not name it.
        {...(rowHeight ? { listItemHeight: rowHeight } : {})}
      />
      {many ? <div style={{ padding: '8px 4px' }}>{t('common.rows', { count: rows.length })}</div> : null}
    </section>
  )
}

const noMatch = () => <EmptyState title={t('common.noMatch')} />

const toggled = (keys: readonly string[], key: string): string[] =>
  keys.includes(key) ? keys.filter(other => other !== key) : [...keys, key]

/** The browser's own: Ant Design's costs as much as the rest of a row, and a long table draws one with each. */
const SelectRow = ({ name, checked, onChange }: { name: string; checked: boolean; onChange: () => void }) => (
  <input
    type="checkbox"
    className="select-row"
    checked={checked}
    aria-label={t('common.selectRow', { name })}
    onChange={onChange}
  />
)

/** `sort` is the key of a column, after `-` when the largest comes first; of a column that is not there it says nothing. */
function inOrder<Row>(columns: readonly Column<Row>[], sort: string | undefined): AnyColumn<Row>[] {
  const orders: Record<string, SortOrder> =
    sort === undefined ? {} : { [sort.replace(/^-/, '')]: sort.startsWith('-') ? 'descend' : 'ascend' }
  return columns.map(column => ({
    minWidth: narrowest,
    ...column,
    ...(column.sorter ? { sortOrder: orders[column.key] ?? null } : {}),
  }))
}

function nameOf<Row>(sorter: SorterResult<Row> | SorterResult<Row>[]): string | undefined {
  const { columnKey, order } = Array.isArray(sorter) ? {} : sorter
  return order ? `${order === 'descend' ? '-' : ''}${String(columnKey)}` : undefined
}

/** What Ant Design leaves to the page: its measuring row is nobody's, and what scrolls can be reached by keyboard. */
function tend(section: HTMLElement | null): void {
  const measures = section?.querySelector<HTMLElement>('.ant-table-measure-row')
  // It holds copies of the head's controls: nobody may come upon them.
  if (measures) measures.inert = true
  const content = section?.querySelector<HTMLElement>('.ant-table-content')
  if (content) makeReachable(content)
}
