// `npm run screens`: every page and state of the console, in both languages, light and dark, into reports/console/, for a
// person to look at. Chinese needs a font that has it (fonts-noto-cjk). Names on the command line take those scenes only.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page } from 'playwright-core'
import sharp from 'sharp'
import type { Language } from '../test/console/dictionary.ts'
import { ConsoleWorld } from '../test/e2e/console-world.ts'
import { furnish } from '../test/e2e/furnish.ts'
import { furnishDrains } from '../test/e2e/furnish-drains.ts'
import { furnishInstances } from '../test/e2e/furnish-instances.ts'
import { type Scene, show } from '../test/e2e/scene.ts'
import { scenes } from '../test/e2e/scenes.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const into = join(root, 'reports', 'console')
const wanted = new Set(process.argv.slice(2))
const world = new ConsoleWorld()
const desk = { width: 1280, height: 860 }
const heightMax = 1_600

async function shoot(language: Language, list: readonly Scene[]): Promise<void> {
  for (const who of ['nobody', 'owner', 'operator'] as const) {
    const mine = list.filter(scene => (scene.who ?? 'owner') === who)
    if (mine.length === 0) continue
    const open = who === 'nobody' ? await world.visit(language) : await world.open(language, { who })
    await withoutPaths(open.context)
    for (const scene of mine) {
      const { page } = open
      try {
        await page.setViewportSize(desk)
        await page.emulateMedia({ colorScheme: 'light' })
        await show(world, open, scene)
        await seeAll(page)
      } catch (error) {
        process.stdout.write(`${scene.name} ${language}: ${String(error).split('\n')[0]}\n`)
      }
      for (const theme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: theme })
        await page.locator(`html[data-theme=${theme}]`).waitFor()
        // A palette would make the shadows ugly; this keeps the text sharp at a sixth of the bytes.
        const picture = sharp(await page.screenshot()).webp({ quality: 50, effort: 4 })
        await picture.toFile(join(into, `${scene.name}.${language}.${theme}.webp`))
      }
      const complaints = open.complaints.splice(0)
      for (const complaint of complaints) process.stdout.write(`${scene.name} ${language}: ${complaint}\n`)
    }
    await open.context.close()
  }
}

/** A page that is longer than the window gets a higher one, so that nothing of it is cut off. */
async function seeAll(page: Page): Promise<void> {
  const height: number = await page.evaluate('document.documentElement.scrollHeight')
  if (height > desk.height) await page.setViewportSize({ ...desk, height: Math.min(height, heightMax) })
}

/** Where this checkout lies is nobody's business: the pages see it where an installation lies. */
async function withoutPaths(context: BrowserContext): Promise<void> {
  const shown = '/opt/berth/'
  await context.route(/\/v1\/(installation|services|audit)/, async route => {
    const sent = route.request().postData()
    const answer = await route.fetch(sent ? { postData: sent.replaceAll(shown, root) } : {})
    const body = (await answer.text()).replaceAll(root, shown).replaceAll(world.installation.home, '/var/lib/berth')
    await route.fulfill({ response: answer, body })
  })
}

mkdirSync(into, { recursive: true })
try {
  await world.start()
  const every = scenes(await furnish(world), await furnishDrains(world), await furnishInstances(world))
  const list = every.filter(scene => wanted.size === 0 || wanted.has(scene.name))
  // The languages side by side: most of the time is spent waiting for pages.
  await Promise.all((['zh', 'en'] as const).map(language => shoot(language, list)))
  process.stdout.write(`${list.length * 4} pictures in reports/console\n`)
} finally {
  await world.stop()
}
