// Names that try everything, in every field that takes one: shown as text on every page, or refused with the field's name.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Refusal } from '../../src/lib/errors.ts'
import { until } from '../installation.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld, type OpenConsole } from './console-world.ts'

const markup = '<img src=x onerror=hacked=1>'
const hostile = {
  markup,
  script: '"><script>hacked=1</script>',
  direction: 'שלום \u202Eevil\u202C مرحبا',
  control: 'a\u0000b\u0007c\u001b[31m',
  rtl: 'שלום 😀 مرحبا',
  emoji: '👩‍👩‍👧‍👦🏴‍☠️',
  long: 'W'.repeat(256),
}

describeInBrowser('hostile names', () => {
  const world = new ConsoleWorld()
  const shown: string[] = []
  const dialogs: string[] = []
  let texts = ''
  let at: Awaited<ReturnType<typeof furnish>>
  let open: OpenConsole
  beforeAll(async () => {
    await world.start()
    at = await furnish()
    open = await world.open('en')
    open.page.on('dialog', dialog => {
      dialogs.push(dialog.message())
      void dialog.dismiss()
    })
  })
  afterAll(() => world.stop())

  /** Gives each of them in one field; those that its rule forbids must be refused in its name, the others are kept. */
  async function tryAll(field: string, give: (value: string) => Promise<unknown>): Promise<string[]> {
    const kept: string[] = []
    for (const value of Object.values(hostile)) {
      try {
        await give(value)
        kept.push(value)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        expect(['Unreachable', 'InternalError']).not.toContain(error.code)
        expect(`${error.message} ${JSON.stringify(error.details)}`).toContain(field)
      }
    }
    return kept
  }

  async function furnish(): Promise<Record<'workspaceId' | 'groupId' | 'machineId', string>> {
    const owner = await world.client()
    const machine = {
      regionId: 'east',
      zoneId: 'east-a',
      specId: 'sim.c8',
      chargeType: 'postpaid' as const,
      quantity: 1,
    }
    const order = (groupName: string) => owner.call('POST /v1/orders', { body: { request: { ...machine, groupName } } })
    const first = await order('plain')
    const groupId = first.groupId ?? ''
    const machineId = await until('the machine runs', async () => {
      const { items } = await owner.call('GET /v1/machines', { query: { groupId } })
      return items.find(one => one.status === 'Ready')?.machineId
    })
    shown.push(...(await tryAll('groupName', order)))
    const rename = (name: string) => owner.call('PATCH /v1/groups/{groupId}', { params: { groupId }, body: { name } })
    await tryAll('name', rename)
    shown.push(
      ...(
        await tryAll('reason', reason =>
          owner.call('POST /v1/machines/{machineId}/cordon', { params: { machineId }, body: { reason } }),
        )
      ).slice(0, 1),
    )
    await owner.call('POST /v1/machines/{machineId}/drain', {
      ...{ params: { machineId }, body: { reason: `${hostile.direction}${markup}${hostile.long}` } },
    })
    await tryAll('name', name => owner.call('POST /v1/workspaces', { body: { name } }))
    await tryAll('name', name => owner.call('POST /v1/users', { body: { name, role: 'viewer' } }))
    const deploy = (metadata: object, container: object, labels: object = {}) =>
      owner.call('POST /v1/services', {
        body: {
          config: {
            metadata: { name: 'plain', resource: groupId, cpu: 1, memory: 128, ...metadata },
            containers: [{ command: 'serve', ...container }],
            labels,
          },
        },
      })
    await tryAll('name', name => deploy({ name }, {}))
    const env = Object.values(hostile).map((value, index) => ({ name: `V${index}`, value: value.replaceAll('\0', '') }))
    await deploy({}, { env, command: `serve '${markup}'` }, { owner: markup, team: hostile.direction })
    const { items } = await owner.call('GET /v1/workspaces', {})
    return { workspaceId: items[0]?.workspaceId ?? '', groupId, machineId }
  }

  const look = (page: OpenConsole['page']) =>
    page.evaluate<{ hacked: boolean; width: number; images: number; text: string }>(`({
      hacked: 'hacked' in globalThis,
      width: document.documentElement.scrollWidth,
      images: document.querySelectorAll('img[src="x"]').length,
      text: document.body.innerText,
    })`)

  test.each([
    '/workspaces',
    '/workspaces/{workspaceId}/groups',
    `/workspaces/{workspaceId}/groups?q=${encodeURIComponent(markup)}`,
    '/workspaces/{workspaceId}/groups/{groupId}',
    '/workspaces/{workspaceId}/groups/{groupId}?tab=services',
    '/workspaces/{workspaceId}/groups/{groupId}?tab=orders',
    '/workspaces/{workspaceId}/groups/{groupId}?tab=events',
    '/workspaces/{workspaceId}/machines/{machineId}',
    '/workspaces/{workspaceId}/buy?groupId={groupId}',
    '/workspaces/{workspaceId}/services',
    '/workspaces/{workspaceId}/services/plain',
    '/workspaces/{workspaceId}/services/plain?tab=versions',
    `/workspaces/{workspaceId}/services/${encodeURIComponent(markup)}`,
    '/money/orders',
    '/money/wallet',
    '/money/bill',
    '/account/members',
    '/account/sessions',
  ])('are text on %s: nothing runs, nothing is wider than the window, the policy has nothing to report', async path => {
    const { page } = open
    await page.goto(await world.url(path.replaceAll(/\{(\w+)\}/g, (_, name: keyof typeof at) => at[name])))
    await page.getByRole('heading', { level: 1 }).or(page.getByRole('alert')).first().waitFor()
    await expect.poll(() => page.locator('.ant-skeleton, .ant-spin-spinning').count(), { timeout: 10_000 }).toBe(0)
    const { hacked, width, images, text } = await look(page)
    expect({ hacked, images, wide: width > 1280 }).toEqual({ hacked: false, images: 0, wide: false })
    expect(open.complaints).toEqual([])
    expect(dialogs).toEqual([])
    texts += text
  })

  test('are all there to read', () => {
    expect(shown).toEqual([hostile.script, hostile.rtl, hostile.markup])
    for (const name of shown) expect(texts).toContain(name)
  })
})
