// How EAS writes what it answers: pages by number, sizes with their unit, times to the second.
import { Refusal } from '../../lib/errors.ts'
import { oneOf, whole } from './call.ts'

/** So many rows into a list a page may begin: a page by number costs what lies before it. */
const depthMax = 100_000
/** So many rows are sorted or filtered by what is computed. */
export const computedMax = 10_000

export interface Page {
  PageNumber: number
  PageSize: number
}

export const paging = { PageNumber: whole(1, 2_147_483_647).default(1), PageSize: whole(1, 1_000).default(100) }
/** Events and logs name it otherwise. */
export const pageNum = { PageNum: whole(1, 2_147_483_647).default(1), PageSize: whole(1, 1_000).default(500) }
/** EAS's default is the newest first. */
export const order = oneOf('Desc', 'Asc').default('Desc')

export interface Range {
  offset: number
  limit: number
}

/** The rows of a page in a list of `total` that is kept in ascending order; null past its end. */
export function rangeOf({ PageNumber, PageSize }: Page, total: number, direction: 'Asc' | 'Desc'): Range | null {
  const offset = (PageNumber - 1) * PageSize
  if (offset >= total) return null
  if (offset > depthMax) {
    throw new Refusal(
      'InvalidParameter',
      `PageNumber goes too deep: pages by number reach ${depthMax} rows; narrow the list with a filter, or page /v1 by its page token.`,
      { field: 'PageNumber' },
    )
  }
  const limit = Math.min(PageSize, total - offset)
  return { offset: direction === 'Asc' ? offset : total - offset - limit, limit }
}

/** A page of what the database keeps in ascending order of creation. */
export async function pageOfRows<Row>(
  page: Page & { Order: 'Asc' | 'Desc' },
  source: { count(): Promise<number>; rows(range: Range): Promise<Row[]> },
): Promise<{ rows: Row[]; total: number }> {
  const total = await source.count()
  const range = rangeOf(page, total, page.Order)
  const rows = range === null ? [] : await source.rows(range)
  return { rows: page.Order === 'Desc' ? rows.reverse() : rows, total }
}

/** A page of what is at hand, in the order in which it should be read. */
export function pageOfItems<Item>(page: Page, items: readonly Item[]): Item[] {
  const range = rangeOf(page, items.length, 'Asc')
  return range === null ? [] : items.slice(range.offset, range.offset + range.limit)
}

type Sortable = number | string

/** Stable: equal ones stay in the order of creation. */
export function sorted<Item>(items: readonly Item[], key: (item: Item) => Sortable, direction: 'Asc' | 'Desc'): Item[] {
  const sign = direction === 'Asc' ? 1 : -1
  return items.toSorted((a, b) => {
    const [left, right] = [key(a), key(b)]
    return left === right ? 0 : left < right ? -sign : sign
  })
}

export function refuseTooMany(count: number, field: string, otherwise: string): void {
  if (count <= computedMax) return
  throw new Refusal(
    'InvalidParameter',
    `${field} works on up to ${computedMax} items, and this list has ${count}: ${otherwise}`,
    { field },
  )
}

export const listed = (page: Page, total: number) => ({
  PageNumber: page.PageNumber,
  PageSize: page.PageSize,
  TotalCount: total,
})

/** `2026-01-31T04:00:00Z`; the empty text for none. */
export const iso = (at: Temporal.Instant | null): string => at?.toString({ smallestUnit: 'second' }) ?? ''

/** `8192M` */
export const megabytes = (mib: number): string => `${mib}M`
/** `24G` */
export const gigabytes = (mib: number): string => `${mib / 1024}G`

/** Whole cores of what is there, rounded down: nobody is promised more than there is. */
export const cores = (cpuMilli: number): number => Math.floor(cpuMilli / 1000)
/** Cores of what is used: exact where the field is a float. */
export const coresUsed = (cpuMilli: number): number => cpuMilli / 1000

export const chargeTypes = { PrePaid: 'prepaid', PostPaid: 'postpaid' } as const
export const chargeTypeNames = { prepaid: 'PrePaid', postpaid: 'PostPaid' } as const
