// How pages ask: one hook per kind of question. What is shown stays fresh as the server tells what has changed
// (ui/use-live-events.ts); what moves without an event is asked for again now and then.
import {
  keepPreviousData,
  type Query,
  QueryClient,
  replaceEqualDeep,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { call, type Input, type Item, type Operation, Refused, type Returns } from './api.ts'
import { isConnected } from './live/connected.ts'

/** A list of this many rows is pages of answers: nothing asks for all of it lightly. */
const longRows = 1_000
const isLong = (query: { state: { data: unknown } }): boolean =>
  Array.isArray(query.state.data) && query.state.data.length > longRows

/** Usage and load move without an event; and without the server's word everything has to be asked for. */
function floorMs(query: { state: { data: unknown } }): number {
  if (isConnected()) return isLong(query) ? 300_000 : 30_000
  return isLong(query) ? 30_000 : 5_000
}

/** What moves. */
export const live = { refetchInterval: floorMs } as const
/** What changes rarely: prices, regions, facts of the installation. */
export const still = { staleTime: 60_000 } as const

interface Options {
  refetchInterval?: number | false | typeof floorMs
  staleTime?: number
  enabled?: boolean
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal is an answer; only a server that does not answer is asked again.
      retry: (failures, error) => failures < 2 && (!(error instanceof Refused) || error.status === 0),
      retryDelay: 1_000,
      staleTime: 1_000,
      placeholderData: keepPreviousData,
      throwOnError: false,
    },
  },
})

export function useApi<K extends Operation>(
  operation: K,
  input: Input<K>,
  options: Options = {},
): UseQueryResult<Returns<K>, Refused> {
  return useQuery({
    queryKey: [operation, input],
    queryFn: ({ signal }) => call(operation, input, signal),
    // A preview is of its moment: what an earlier dialog was told is not what the next one may show first.
    ...(operation.startsWith('POST ') ? { gcTime: 0 } : {}),
    ...options,
  }) as UseQueryResult<Returns<K>, Refused>
}

type Listed = {
  [K in Operation]: Returns<K> extends { items: unknown[]; nextPageToken: string | null } ? K : never
}[Operation]

const pageSize = 500

/** Every page of a list, one after the other: what a table of 10,000 rows shows. The first rows are there at once. */
export function useAll<K extends Listed>(
  operation: K,
  query: Record<string, string | undefined>,
  { params, ...options }: Options & { params?: Record<string, string> } = {},
): UseQueryResult<Item<K>[], Refused> {
  return useQuery({
    queryKey: [operation, 'all', query, ...(params ? [params] : [])],
    queryFn: async ({ client, queryKey, signal }) => {
      const items: Item<K>[] = []
      const isFirst = client.getQueryData(queryKey) === undefined
      for (let after: string | undefined; ; ) {
        const input = { params, query: { ...query, limit: pageSize, after } } as unknown as Input<K>
        const page = (await call(operation, input, signal)) as { items: Item<K>[]; nextPageToken: string | null }
        items.push(...page.items)
        if (page.nextPageToken === null) return items
        if (isFirst) client.setQueryData(queryKey, [...items])
        after = page.nextPageToken
      }
    },
    // Comparing 10,000 rows field by field takes longer than drawing those that are seen.
    structuralSharing: (before, next) =>
      (next as unknown[]).length > longRows ? next : replaceEqualDeep(before, next),
    ...options,
  }) as UseQueryResult<Item<K>[], Refused>
}

/** Asks anew for what is shown; for long lists the server tells which of their rows have changed. */
export function refreshShown(client: QueryClient): Promise<void> {
  return client.invalidateQueries({ predicate: (query: Query) => !isConnected() || !isLong(query) })
}

/**
 * Asks once more for what was answered before the server began to tell of changes. The first load of a long list goes on:
 * begun anew it would take twice as long, and its floor mends what changed in between.
 */
export function refreshLoaded(client: QueryClient): void {
  const again = ({ queryKey }: Query) => void client.invalidateQueries({ queryKey, exact: true })
  for (const query of client.getQueryCache().getAll()) {
    if (query.state.fetchStatus === 'idle') again(query)
    else query.promise?.then(() => isLong(query) || again(query)).catch(() => undefined)
  }
}

/** One action. Whatever it changed is asked for anew: nothing on the page may contradict it. */
export function useAct<K extends Operation>(operation: K): UseMutationResult<Returns<K>, Refused, Input<K>> {
  const client = useQueryClient()
  return useMutation<Returns<K>, Refused, Input<K>>({
    mutationFn: input => call(operation, input),
    onSettled: () => refreshShown(client),
  })
}
