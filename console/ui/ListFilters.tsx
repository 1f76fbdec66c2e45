// What stands over a list: a search and a choice, both kept in the address, and beside them what can be done.
import { Input, Select } from 'antd'
import type { ReactNode } from 'react'
import { useSearchState } from '../location.ts'

interface Props<Name extends string> {
  /** What the search says that it searches for. */
  search: string
  /** The choice, by its name in the address; `every` is what no choice is called. */
  choice: { name: Name; label: string; every: string; options: readonly { value: string; label: string }[] }
  children?: ReactNode
}

export function ListFilters<Name extends string>({ search, choice, children }: Props<Name>) {
  const [filters, setFilters] = useSearchState<string>()
  return (
    <div className="toolbar">
      <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
        <Input.Search
          allowClear
          defaultValue={filters.q ?? ''}
          onChange={event => setFilters({ q: event.target.value, page: undefined })}
          placeholder={search}
          aria-label={search}
          style={{ width: 260 }}
        />
        <Select
          aria-label={choice.label}
          value={filters[choice.name] ?? ''}
          onChange={value => setFilters({ [choice.name]: value, page: undefined })}
          style={{ minWidth: 160 }}
          options={[{ value: '', label: choice.every }, ...choice.options]}
        />
      </div>
      {children}
    </div>
  )
}
