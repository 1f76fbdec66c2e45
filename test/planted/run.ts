// `npm run test:planted`: plants one bug after another into a copy of this checkout and runs the tests that ought to notice.
// A bug is caught where a test fails by its own expectation; tests that do not run at all have caught nothing. First the same
// tests run without a bug, and must pass. They run to their end: a run that is broken off at the first failure may lose its report.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryRoot } from '../temporary.ts'
import { bugs } from './bugs.ts'

const here = fileURLToPath(new URL('../../', import.meta.url))
const copy = mkdtempSync(join(temporaryRoot, 'berth-planted-'))
const report = join(copy, 'report.json')

interface Outcome {
  passed: number
  failed: string[]
}

function runTests(tests: readonly string[]): Outcome {
  rmSync(report, { force: true })
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', `--outputFile=${report}`, ...tests]
  spawnSync(process.execPath, args, { cwd: copy, stdio: 'ignore', timeout: 300_000 })
  const { numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    numPassedTests: number
    testResults: { assertionResults: { status: string; fullName: string }[] }[]
  }
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName.trim()),
  )
  return { passed: numPassedTests, failed }
}

try {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: here,
    encoding: 'utf8',
  })
  for (const file of files
    .trim()
    .split('\n')
    .filter(name => !name.startsWith('reports/')))
    cpSync(join(here, file), join(copy, file), { recursive: true })
  symlinkSync(join(here, 'node_modules'), join(copy, 'node_modules'))
  const wanted = new Set(process.argv.slice(2))
  const planted = bugs.filter((_, index) => wanted.size === 0 || wanted.has(String(index + 1)))
  const sound = runTests([...new Set(planted.flatMap(({ tests }) => tests))])
  if (sound.failed.length > 0 || sound.passed === 0) throw new Error(`red without a bug: ${sound.failed.join(', ')}`)
  process.stdout.write(`without a bug ${sound.passed} tests pass\n`)
  let caught = 0
  for (const bug of planted) {
    const path = join(copy, bug.file)
    const text = readFileSync(path, 'utf8')
    if (text.split(bug.find).length !== 2) throw new Error(`${bug.file}: no place to plant "${bug.what}"`)
    writeFileSync(
      path,
      text.replace(bug.find, () => bug.replace),
    )
    const { failed } = runTests(bug.tests)
    writeFileSync(path, text)
    if (failed.length > 0) caught++
    process.stdout.write(
      `${failed.length > 0 ? 'caught' : 'MISSED'}  ${bug.what}${failed[0] ? `  <- ${failed[0]}` : ''}\n`,
    )
  }
  process.stdout.write(`planted bugs caught: ${caught} of ${planted.length} (${planted.length})\n`)
  process.exitCode = caught === planted.length ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}
