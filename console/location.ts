// What stands in the address: path parameters, and search parameters that hold filters, tabs and the page of a list.
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

/** The named parts of the path; a page is only shown where its route names them. */
export function usePathParams<Name extends string>(...names: Name[]): Record<Name, string> {
  const parameters = useParams({ strict: false }) as Record<string, string | undefined>
  return Object.fromEntries(names.map(name => [name, parameters[name] ?? ''])) as Record<Name, string>
}

/** Reads and changes the search part. An empty value leaves the address; changes replace the entry in the history. */
export function useSearchState<Name extends string>(): [
  Partial<Record<Name, string>>,
  (change: Partial<Record<Name, string | undefined>>) => void,
] {
  const search = useSearch({ strict: false }) as Partial<Record<Name, string>>
  const navigate = useNavigate()
  const change = useCallback(
    (part: Partial<Record<Name, string | undefined>>) => {
      const next = (before: Record<string, unknown>) =>
        Object.fromEntries(
          Object.entries({ ...before, ...part }).filter(([, value]) => value !== undefined && value !== ''),
        )
      void navigate({ to: '.', search: next as never, replace: true })
    },
    [navigate],
  )
  return [search, change]
}
