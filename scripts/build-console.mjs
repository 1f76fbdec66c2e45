// Builds the console when its sources are newer than what was built: the stamp is a digest of console/ and the lock file, so
// it costs a few milliseconds when there is nothing to do. Plain JavaScript with built-ins only: bootstrap.mjs starts it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const built = join(root, 'dist', 'console')

export function buildConsole({ force = false } = {}) {
  const digest = sourcesDigest()
  const stamp = join(built, '.built')
  if (!force && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node')
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const result = spawnSync(node, [vite, 'build', '--config', 'console/vite.config.ts', '--logLevel', 'warn'], {
    cwd: root,
    // stdout belongs to the command that was asked for.
    stdio: ['ignore', 2, 2],
  })
  if (result.status !== 0) throw new Error('The console could not be built; the lines above say why.')
  mkdirSync(built, { recursive: true })
  writeFileSync(stamp, digest)
}

function sourcesDigest() {
  const sources = join(root, 'console')
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  const files = readdirSync(sources, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  for (const path of files.map(entry => join(entry.parentPath ?? entry.path, entry.name)).sort()) {
    hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0')
  }
  return hash.digest('hex')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) buildConsole({ force: true })
