// How pages ask: one hook per kind of question. What is shown stays fresh by asking again while the page is visible.
import {
  keepPreviousData,
  QueryClient,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { call, type Input, type Item, type Operation, Refused, type Returns } from './api.ts'

/** How often what moves is asked for again. */
export const live = { refetchInterval: 3_000 } as const
/** What changes rarely: prices, regions, facts of the installation. */
export const still = { staleTime: 60_000 } as const

interface Options {
  refetchInterval?: number | false
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
    ...options,
  }) as UseQueryResult<Returns<K>, Refused>
}

type Listed = {
  [K in Operation]: Returns<K> extends { items: unknown[]; nextPageToken: string | null } ? K : never
}[Operation]

const pageSize = 500

/** Every page of a list, one after the other: what a table of 10,000 rows shows. */
export function useAll<K extends Listed>(
  operation: K,
  query: Record<string, string | undefined>,
  options: Options = {},
): UseQueryResult<Item<K>[], Refused> {
  return useQuery({
    queryKey: [operation, 'all', query],
    queryFn: async ({ signal }) => {
      const items: Item<K>[] = []
      for (let after: string | undefined; ; ) {
        const input = { query: { ...query, limit: pageSize, after } } as unknown as Input<K>
        const page = (await call(operation, input, signal)) as { items: Item<K>[]; nextPageToken: string | null }
        items.push(...page.items)
        if (page.nextPageToken === null) return items
        after = page.nextPageToken
      }
    },
    ...options,
  }) as UseQueryResult<Item<K>[], Refused>
}

/** One action. Whatever it changed is asked for anew: nothing on the page may contradict it. */
export function useAct<K extends Operation>(operation: K): UseMutationResult<Returns<K>, Refused, Input<K>> {
  const client = useQueryClient()
  return useMutation<Returns<K>, Refused, Input<K>>({
    mutationFn: input => call(operation, input),
    onSettled: () => client.invalidateQueries(),
  })
}
