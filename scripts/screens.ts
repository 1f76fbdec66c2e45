// `npm run screens`: every page and state of the console, in both languages, light and dark, into reports/console/, for a
// person to look at. Chinese needs a font that has it (fonts-noto-cjk). Names on the command line take those scenes only.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type { Language } from '../test/console/dictionary.ts'
import { ConsoleWorld } from '../test/e2e/console-world.ts'
import { furnish } from '../test/e2e/furnish.ts'
import { type Scene, show } from '../test/e2e/scene.ts'
import { scenes } from '../test/e2e/scenes.ts'

const into = fileURLToPath(new URL('../reports/console/', import.meta.url))
const wanted = new Set(process.argv.slice(2))
const world = new ConsoleWorld()

async function shoot(language: Language, theme: 'light' | 'dark', list: readonly Scene[]): Promise<void> {
  for (const who of ['nobody', 'owner', 'operator'] as const) {
    const mine = list.filter(scene => (scene.who ?? 'owner') === who)
    if (mine.length === 0) continue
    const open = who === 'nobody' ? await world.visit(language, { theme }) : await world.open(language, { theme, who })
    for (const scene of mine) {
      const { name } = scene
      try {
        await show(world, open, scene)
      } catch (error) {
        process.stdout.write(`${name} ${language}: ${String(error).split('\n')[0]}\n`)
      }
      // A palette would make the shadows ugly; this keeps the text sharp at a sixth of the bytes.
      const picture = sharp(await open.page.screenshot()).webp({ quality: 50, effort: 4 })
      await picture.toFile(join(into, `${name}.${language}.${theme}.webp`))
    }
    for (const complaint of open.complaints) process.stdout.write(`${language} ${theme}: ${complaint}\n`)
    await open.context.close()
  }
}

mkdirSync(into, { recursive: true })
try {
  await world.start()
  const list = scenes(await furnish(world)).filter(scene => wanted.size === 0 || wanted.has(scene.name))
  for (const language of ['zh', 'en'] as const)
    for (const theme of ['light', 'dark'] as const) await shoot(language, theme, list)
  process.stdout.write(`${list.length * 4} pictures in reports/console\n`)
} finally {
  await world.stop()
}
