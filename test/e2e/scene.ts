// One sight of the console: the way to it, and when it is there.
import type { Page, Request } from 'playwright-core'
import { until } from '../installation.ts'
import type { ConsoleWorld, OpenConsole } from './console-world.ts'

export interface Scene {
  name: string
  /** Drawn by parts that other scenes show too. */
  alike?: boolean
  path: string
  who?: 'owner' | 'operator' | 'nobody'
  /** How the API answers here, where it is not to answer as it does. */
  api?: { path: RegExp; how: 'waits' | 'fails' | 'is empty'; body?: object }
  /** What is done after the page is there: a dialog opened, a tab chosen. */
  act?(open: OpenConsole): Promise<unknown>
}

export const button =
  (key: string) =>
  ({ page, t }: OpenConsole) =>
    page
      .getByRole('button', { name: t(key), exact: true })
      .first()
      .click()

/** The same, of what opens a dialog, which stands then. */
export const dialogOf = (key: string) => async (open: OpenConsole) => {
  await button(key)(open)
  await open.page.getByRole('dialog').waitFor()
}

const answers = {
  fails: {
    status: 500,
    body: '{"code":"InternalError","message":"It did not work out.","requestId":"req-0123456789"}',
  },
  'is empty': { status: 200, body: '{"items":[],"nextPageToken":null}' },
}

async function prepare(page: Page, { api }: Scene): Promise<void> {
  await page.unrouteAll()
  if (!api) return
  const { how, body } = api
  await page.route(api.path, route =>
    how === 'waits'
      ? new Promise(() => undefined)
      : route.fulfill({
          contentType: 'application/json',
          ...answers[how],
          ...(body ? { body: JSON.stringify(body) } : {}),
        }),
  )
}

/** A list while it loads, when there is nothing in it, and when it can't be had. */
export const states = (name: string, path: string, api: RegExp, who: Scene['who'] = 'owner', alike = true): Scene[] => [
  { name: `${name}-loading`, alike, path, who, api: { path: api, how: 'waits' } },
  { name: `${name}-empty`, alike, path, who, api: { path: api, how: 'is empty' } },
  { name: `${name}-error`, alike, path, who, api: { path: api, how: 'fails' } },
]

/** Goes to a scene and waits until it is there. */
export async function show(world: ConsoleWorld, open: OpenConsole, scene: Scene): Promise<void> {
  const { page } = open
  await prepare(page, scene)
  askedBy(page).clear()
  await page.goto(await world.url(scene.path))
  await settle(page, scene)
  if (!scene.act) return
  await scene.act(open)
  await settle(page, scene)
}

const asked = new WeakMap<Page, Set<Request>>()

/** What a page has asked and was not answered yet; its stream of changes has no end. */
function askedBy(page: Page): Set<Request> {
  const known = asked.get(page)
  if (known) return known
  const open = new Set<Request>()
  asked.set(page, open)
  page.on('request', request => {
    if (!request.url().includes('/v1/events/stream')) open.add(request)
  })
  for (const event of ['requestfinished', 'requestfailed'] as const)
    page.on(event as 'requestfinished', request => open.delete(request))
  return open
}

const frames = 'new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))'

/** An answer may lead to the next question. */
const hasAnswers = (page: Page): Promise<unknown> =>
  until('the page has its answers', async () => {
    if (askedBy(page).size > 0) return false
    await page.evaluate(frames)
    return askedBy(page).size === 0
  })

/** The page says something, and nothing of it is on its way; or it is, where that is the scene. */
async function settle(page: Page, { api }: Scene): Promise<void> {
  await page.locator('main, .sign-in, .ant-result').filter({ hasText: /\S/ }).first().waitFor()
  if (api?.how !== 'waits') await hasAnswers(page)
  const busy = page.locator('[aria-busy=true], .ant-skeleton-active, .ant-spin-spinning, .ant-btn-loading').first()
  await busy.waitFor({ state: api?.how === 'waits' ? 'attached' : 'detached' })
}

/** The same sight in another window: the frame has followed it. */
export async function resize(page: Page, size: { width: number; height: number }): Promise<void> {
  await page.setViewportSize(size)
  await page.locator(size.width < 992 ? '.shell-sider' : '.ant-drawer').waitFor({ state: 'hidden' })
}
