// Turns the pages of a list one by one, with whatever happens in between.
import type { Principal, TestApi } from './harness.ts'

/** The values of `key` in the order they came. */
export async function turnPages(
  api: TestApi,
  caller: Principal,
  list: { path: string; key: string; limit: number },
  between: (page: string[]) => Promise<unknown> = async () => {},
): Promise<string[]> {
  const seen: string[] = []
  let after = ''
  for (;;) {
    const mark = list.path.includes('?') ? '&' : '?'
    const { status, body, text } = await api.send(caller, 'GET', `${list.path}${mark}limit=${list.limit}${after}`)
    if (status !== 200 || !body.items) throw new Error(text)
    const page = body.items.map(item => String(item[list.key]))
    if (page.length > list.limit) throw new Error(`a page of ${page.length}`)
    seen.push(...page)
    if (body.nextPageToken == null) return seen
    await between(page)
    after = `&after=${encodeURIComponent(body.nextPageToken)}`
  }
}
