// The tree keeps its rules (rules.ts), and each rule is shown to bite by a planted violation.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  deadFiles,
  fileLinesMax,
  functionLinesMax,
  importTable,
  importViolations,
  type SourceFile,
  sizeViolations,
  stepViolations,
  tableCycles,
  textViolations,
} from './rules.ts'

/** Larger than the limit, with the reason. */
const allowedSizes: Record<string, string> = {
  'src/db/migrations/0001_init.sql': 'one migration is one step; the tables are read in one piece',
  'src/db/schema.ts': 'generated',
  'src/client/generated.ts': 'generated',
  'test/drivers/runtime-contract.ts#runtimeDriverContract': 'a list of cases, each short',
  'test/drivers/docker-life.test.ts#suite': 'a list of cases, each short',
  'test/stories/docker.test.ts#story': 'one story, told in steps',
}

/** Steps that need no fault point, with the reason. */
const allowedSteps: Record<string, string> = {
  'src/services/deploy.ts#checkDeployment': 'takes locks and writes nothing',
  'src/services/routes/routes.ts##flush': 'what gateways report: said again every second, and lost with their leases',
}

/** Started by name, not imported: processes, scripts. */
const entries = [
  'src/main.ts',
  'src/app/app.ts',
  'src/cli/demo.ts',
  'src/model-server/main.ts',
  'src/agent/fetch-model.ts',
  'src/gateway/worker.ts',
  'src/app/money-thread.ts',
  'src/processes/compile-ahead.ts',
]

const tracked = execFileSync('git', [
  'ls-files',
  '--cached',
  '--others',
  '--exclude-standard',
  '*.ts',
  '*.sql',
  '*.mjs',
  '*.tsx',
])
  .toString()
  .split('\n')
  .filter(path => path !== '' && existsSync(path))
const files: SourceFile[] = tracked.map(path => ({ path, text: readFileSync(path, 'utf8') }))
const sources = files.filter(file => file.path.startsWith('src/'))

describe('the repository', () => {
  test('every folder imports only what the table allows, and no store of another folder', () => {
    expect(sources.flatMap(importViolations)).toEqual([])
  })

  test('the import table has no cycle', () => {
    expect(tableCycles(importTable)).toEqual([])
  })

  test('clock, randomness, environment, database functions, floating money and sleeps stay in their homes', () => {
    expect(files.flatMap(textViolations)).toEqual([])
  })

  test(`files have at most ${fileLinesMax} lines, functions ${functionLinesMax}`, () => {
    expect(files.flatMap(file => sizeViolations(file, allowedSizes))).toEqual([])
  })

  test('the reasoned exceptions are still needed', () => {
    for (const name of Object.keys(allowedSizes)) {
      const file = files.find(candidate => candidate.path === name.split('#')[0])
      expect(file && sizeViolations(file, {}), name).not.toEqual([])
    }
  })

  test('every step that commits, or asks a driver, has a fault point', () => {
    expect(sources.flatMap(file => stepViolations(file, allowedSteps))).toEqual([])
  })

  test('the steps that need none are still there', () => {
    const found = sources.flatMap(file => stepViolations(file, {})).map(({ path, detail }) => `${path} ${detail}`)
    for (const name of Object.keys(allowedSteps)) {
      const [path, step] = [name.slice(0, name.indexOf('#')), name.slice(name.indexOf('#') + 1)]
      expect(
        found.filter(text => text.startsWith(`${path} `) && text.includes(`: ${step} takes`)),
        name,
      ).toHaveLength(1)
    }
  })

  test('no file of src is dead', () => {
    expect(deadFiles(sources, entries)).toEqual([])
  })
})

describe('a planted violation is caught', () => {
  const plant = (path: string, text: string): SourceFile => ({ path, text })
  const rulesOf = (file: SourceFile): string[] => textViolations(file).map(violation => violation.rule)

  test.each([
    ['lib imports a domain folder', plant('src/lib/money.ts', "import { x } from '../orders/order.ts'\n"), 'import'],
    [
      'fleet imports the ledger',
      plant('src/fleet/machines.ts', "import { post } from '../ledger/transfer.ts'\n"),
      'import',
    ],
    ['the API imports the database', plant('src/api/v1/x.ts', "import { openDb } from '../../db/db.ts'\n"), 'import'],
    [
      'the gateway imports a value of services',
      plant('src/gateway/x.ts', "import { deploy } from '../services/deploy.ts'\n"),
      'import',
    ],
    [
      'a store is used from outside',
      plant('src/orders/x.ts', "import { f } from '../fleet/machine.store.ts'\n"),
      'store',
    ],
    ['a folder is not in the table', plant('src/helpers/x.ts', 'export const x = 1\n'), 'folder'],
  ])('%s', (_, file, rule) => {
    expect(importViolations(file).map(violation => violation.rule)).toEqual([rule])
  })

  test('the API may take types of the database', () => {
    expect(importViolations(plant('src/api/x.ts', "import type { Ctx } from '../db/ctx.ts'\n"))).toEqual([])
  })

  test.each([
    ['clock', plant('src/fleet/x.ts', 'const t = Date.now()\n')],
    ['clock', plant('src/fleet/x.ts', 'const t = new Date()\n')],
    ['randomness', plant('src/orders/x.ts', 'const r = Math.random()\n')],
    ['environment', plant('src/api/x.ts', 'const home = process.env.HOME\n')],
    [
      'database clock or randomness',
      plant('src/fleet/x.store.ts', 'sql`update t set at = now() where id = 1`, now(),\n'),
    ],
    [
      'database clock or randomness',
      plant('src/db/migrations/0009_x.sql', 'create table t (at timestamptz default current_timestamp);\n'),
    ],
    ['floating money', plant('src/billing/x.ts', 'const fen = total * 0.5\n')],
    ['floating money', plant('src/ledger/x.ts', 'const n = Number(row.amountFen)\n')],
    ['skip without a reason', plant('test/x.test.ts', "test.skipIf(noRoot)('as root', () => {})\n")],
    ['hook in a shared module', plant('test/x-fixtures.ts', 'afterEach(() => closeAll())\n')],
    ['sleep', plant('test/x.test.ts', 'await sleep(100)\n')],
  ])('%s', (rule, file) => {
    expect(rulesOf(file)).toContain(rule)
  })

  test('a comment is not code', () => {
    expect(rulesOf(plant('src/fleet/x.ts', '// never Date.now()\n'))).toEqual([])
  })

  test('an import cycle between folders', () => {
    expect(tableCycles({ a: ['b'], b: ['c'], c: ['a:types'] })).not.toEqual([])
  })

  test('a long file and a long function', () => {
    const long = `function f() {\n${'  x()\n'.repeat(functionLinesMax)}}\n`
    expect(sizeViolations(plant('src/x/a.ts', long), {}).map(v => v.rule)).toEqual(['function size'])
    expect(sizeViolations(plant('src/x/a.ts', 'x()\n'.repeat(fileLinesMax + 1)), {}).map(v => v.rule)).toEqual([
      'file size',
    ])
  })

  test.each([
    ['a commit', 'await transaction(ctx, async tx => write(tx))'],
    ['a call of a driver', 'await driver.ensure(launch)'],
  ])('%s without a fault point', (_, step) => {
    const text = (point: string) =>
      `export async function act(\n  ctx: Ctx,\n): Promise<void> {\n  ${step}\n${point}}\n`
    const rules = (file: SourceFile) => stepViolations(file, {}).map(violation => violation.rule)
    expect(rules(plant('src/orders/x.ts', text('')))).toEqual(['fault point'])
    expect(rules(plant('src/orders/x.ts', text('  await faults.point("orders.x.after-commit")\n')))).toEqual([])
    expect(rules(plant('src/orders/x.ts', text('  // faults.point( is what is missing\n')))).toEqual(['fault point'])
  })

  test('a file that nothing reaches', () => {
    const dead = deadFiles(
      [plant('src/main.ts', "import './a.ts'\n"), plant('src/a.ts', ''), plant('src/b/c.ts', '')],
      ['src/main.ts'],
    )
    expect(dead).toEqual(['src/b/c.ts'])
  })
})
