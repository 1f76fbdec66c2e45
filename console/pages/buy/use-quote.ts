import { useQuery } from '@tanstack/react-query'
import { call, type Refused, type Returns } from '../../api.ts'
import { useSettled } from '../../ui/use-settled.ts'
import type { BuyRequest } from './buy-form.ts'

export interface Quoted {
  quote: Returns<'POST /v1/quotes'> | null
  error: Refused | null
  /** True while the price on the page is not yet that of what is chosen. */
  stale: boolean
  refetch: () => void
}

/** A quote holds for 15 minutes; the page asks for a new one before. */
const renewMs = 13 * 60_000

/** The price of what is chosen, asked for when the typing pauses. */
export function useQuote(request: BuyRequest | null): Quoted {
  const wanted = request === null ? null : JSON.stringify(request)
  const settled = useSettled(wanted)
  const answer = useQuery<Returns<'POST /v1/quotes'>, Refused>({
    queryKey: ['quote', settled],
    queryFn: ({ signal }) => call('POST /v1/quotes', { body: JSON.parse(settled ?? '{}') }, signal),
    enabled: settled !== null,
    staleTime: renewMs,
    refetchInterval: renewMs,
    retry: false,
  })
  const none = settled === null || wanted === null
  return {
    quote: none || answer.error ? null : (answer.data ?? null),
    error: none ? null : answer.error,
    stale: settled !== wanted || answer.isFetching || answer.isPlaceholderData,
    refetch: () => void answer.refetch(),
  }
}
