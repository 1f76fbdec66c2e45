// The built console: its files, and what a browser loads of them for a page.
import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const built = fileURLToPath(new URL('../../dist/console/', import.meta.url))

interface Chunk {
  file: string
  isEntry?: boolean
  imports?: string[]
}

export const manifest = JSON.parse(readFileSync(`${built}.vite/manifest.json`, 'utf8')) as Record<string, Chunk>

/** What a browser loads for these: each file once. */
function filesOf(names: readonly string[], seen = new Set<string>()): Set<string> {
  for (const name of names) {
    const chunk = manifest[name]
    if (!chunk) throw new Error(`the build has no ${name}`)
    if (seen.has(chunk.file)) continue
    seen.add(chunk.file)
    filesOf(chunk.imports ?? [], seen)
  }
  return seen
}

/** What the scripts of these weigh on the wire. */
export const brotliBytes = (names: readonly string[]): number =>
  [...filesOf(names)]
    .filter(file => file.endsWith('.js'))
    .reduce((sum, file) => sum + statSync(`${built}${file}.br`).size, 0)
