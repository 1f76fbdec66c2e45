// The browser of this host: where it is, or how to get one.
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { describe, test } from 'vitest'

const places = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

export const chromiumPath: string | null = places.find(path => path && existsSync(path)) ?? null

const howToGet =
  'The console is tested in Chromium, and there is none here: install it (apt install chromium, brew install chromium) or name one in CHROMIUM.'

/** A suite in a real browser. Where there is none, one skipped test stands for it and says how to get one. */
export function describeInBrowser(name: string, body: () => void): void {
  if (chromiumPath === null) test(name, context => context.skip(howToGet))
  else describe(name, body)
}

export function launchChromium(): Promise<Browser> {
  if (chromiumPath === null) throw new Error(howToGet)
  const asRoot = process.getuid?.() === 0
  return chromium.launch({ executablePath: chromiumPath, args: asRoot ? ['--no-sandbox'] : [] })
}
