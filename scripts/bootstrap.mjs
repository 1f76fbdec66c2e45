// Makes a fresh clone ready with git, npm and any Node ≥ 20: installs when node_modules is missing or older than the
// lock file, builds the console when its sources have changed, then hands over to the rest of the npm script (which finds
// the project's own Node in node_modules/.bin).
// Built-ins only, and plain JavaScript: it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildConsole } from './build-console.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
const stamp = join(root, 'node_modules', '.berth-lock')

const major = Number(process.versions.node.split('.')[0])
if (major < 20) fail(`Berth needs Node 20 or newer to set itself up; this is ${process.version}.`)

const installed = existsSync(stamp)
  ? readFileSync(stamp, 'utf8')
  : existsSync(join(root, 'node_modules', '.package-lock.json'))
    ? 'by hand'
    : ''
if (installed === 'by hand' && lockMatchesTree()) writeFileSync(stamp, lock)
else if (installed !== lock) install()

try {
  buildConsole()
} catch (error) {
  fail(error.message)
}

function install() {
  process.stderr.write('Installing the packages of package-lock.json (once) …\n')
  const result = spawnSync('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    // npm's answer goes to stderr: stdout belongs to the command that was asked for.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', NO_UPDATE_NOTIFIER: '1' },
    shell: process.platform === 'win32',
  })
  if (result.status !== 0) fail('npm ci failed; the lines above say why. Nothing else was changed.')
  writeFileSync(stamp, lock)
}

/** A tree installed by hand counts when every locked package that this platform needs is there in its version. */
function lockMatchesTree() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  for (const [path, wanted] of Object.entries(packages)) {
    if (path === '' || wanted.optional) continue
    const manifest = join(root, path, 'package.json')
    if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).version !== wanted.version) return false
  }
  return true
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
