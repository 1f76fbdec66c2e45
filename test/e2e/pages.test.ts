// Every page and state of the console, as scenes.ts lists them: axe finds nothing serious, light and dark, and everything fits,
// from 1,280 px down to a phone.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Language } from '../console/dictionary.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld } from './console-world.ts'
import { furnish } from './furnish.ts'
import { furnishDrains } from './furnish-drains.ts'
import { furnishInstances } from './furnish-instances.ts'
import { accessibilityProblems, colourRules, layoutProblems } from './quality.ts'
import { resize, type Scene, show } from './scene.ts'
import { scenes } from './scenes.ts'
import { isWhole, toldInWhole } from './whole.ts'

const phone = { width: 390, height: 844 }
/** What `npm test` looks at. */
const main = new Set([
  ...['sign-in', 'workspaces', 'groups', 'group-machines', 'group-drain', 'buy', 'purchase-refunded', 'machine'],
  ...[
    'services',
    'service',
    'deploy',
    'orders',
    'wallet',
    'bill',
    'statement',
    'expiries-day',
    'notices',
    'keys',
    'audit',
    'audit-before-calendar',
    'operator-accounts',
  ],
])
const isShown = ({ name }: Scene): boolean => isWhole || main.has(name)
const desk = { width: 1280, height: 860 }
/** Pages open at once. */
const atOnce = 2

describeInBrowser('every page and state', () => {
  const world = new ConsoleWorld()
  let list: Scene[] = []
  beforeAll(async () => {
    await world.start()
    list = scenes(await furnish(world), await furnishDrains(world), await furnishInstances(world))
  }, 240_000)
  afterAll(() => world.stop())

  /** Shows every scene and gathers what is wrong with it, each line with the scene's name. */
  async function walk(
    language: Language,
    theme: 'light' | 'dark',
    look: (page: Page) => Promise<string[]>,
    takes: (scene: Scene) => boolean = () => true,
  ): Promise<string[]> {
    const problems: string[] = []
    for (const who of ['nobody', 'owner', 'operator'] as const) {
      const waiting = list.filter(scene => (scene.who ?? 'owner') === who && takes(scene))
      const options = { theme, who: who === 'operator' ? who : 'owner' } as const
      const open = await (who === 'nobody' ? world.visit(language, options) : world.open(language, options))
      const work = async () => {
        const page = await open.context.newPage()
        page.setDefaultTimeout(15_000)
        for (let scene = waiting.shift(); scene; scene = waiting.shift()) {
          const { name } = scene
          try {
            await resize(page, desk)
            await show(world, { ...open, page }, scene)
            problems.push(...(await look(page)).map(problem => `${name}: ${problem}`))
          } catch (error) {
            problems.push(`${name}: ${String(error).split('\n').slice(0, 3).join(' ')}`)
          }
        }
      }
      await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, work))
      await open.context.close()
    }
    return problems
  }

  test('has nothing that axe calls serious, and fits from 1,280 px down to a phone (zh, light)', async () => {
    const look = async (page: Page) => {
      const serious = await accessibilityProblems(page)
      const wide = await layoutProblems(page)
      await resize(page, phone)
      const narrow = (await layoutProblems(page)).map(problem => `390 px: ${problem}`)
      return [...serious, ...wide, ...narrow]
    }
    expect(await walk('zh', 'light', look, isShown)).toEqual([])
  }, 480_000)

  test.each(
    toldInWhole('en'),
  )('has nothing that axe calls serious in the dark, and fits in English (%s, dark)', async language => {
    const look = async (page: Page) => [
      ...(await accessibilityProblems(page, colourRules)),
      ...(await layoutProblems(page)),
    ]
    expect(await walk(language, 'dark', look, scene => scene.alike !== true)).toEqual([])
  }, 480_000)

  test('is found out when something is wrong with it', async () => {
    const { page, context } = await world.visit('en')
    await page.goto(await world.url('/sign-in'))
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    expect(await layoutProblems(page)).toEqual([])
    await page.evaluate(`
      const planted = document.createElement('button')
      planted.style.cssText = 'position: absolute; left: 1200px; top: 0; width: 300px; height: 40px'
      document.body.append(planted)`)
    expect(await accessibilityProblems(page)).toEqual([expect.stringMatching(/^button-name: body > button /)])
    expect(await layoutProblems(page)).toEqual([
      'the page is 1500 px wide in a window of 1280',
      'button “” is cut off: 1200 to 1500 of 1280',
    ])
    await context.close()
  })
})
