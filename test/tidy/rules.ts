// The rules that keep the tree readable, as data and pure functions over source texts. tidy.test.ts runs them over the
// repository, and over planted violations, so that each rule is known to bite.

export interface SourceFile {
  /** From the root, with `/`. */
  path: string
  text: string
}

/** What each folder of src/ may import besides itself (ARCHITECTURE.md). `x:types` allows `import type` only. */
const foundations = ['lib', 'db', 'events', 'reconcile']
export const importTable: Record<string, readonly string[]> = {
  lib: [],
  db: ['lib'],
  scheduler: ['lib'],
  events: ['lib', 'db'],
  reconcile: ['lib', 'db'],
  client: ['lib'],
  cli: ['client', 'lib', 'data-directory'],
  identity: foundations,
  ledger: [...foundations, 'identity'],
  catalog: [...foundations, 'identity'],
  notices: foundations,
  time: foundations,
  fleet: [...foundations, 'identity', 'catalog'],
  orders: [...foundations, 'identity', 'ledger', 'catalog', 'notices', 'fleet'],
  billing: [...foundations, 'identity', 'ledger', 'catalog', 'notices', 'fleet'],
  services: [...foundations, 'identity', 'fleet', 'scheduler'],
  insight: [...foundations, 'identity', 'ledger', 'catalog', 'fleet', 'orders', 'billing', 'services', 'scheduler'],
  gateway: ['lib', 'services:types'],
  agent: ['lib'],
  'model-server': ['lib'],
  drivers: ['lib', 'fleet:types', 'services:types', 'catalog:types', 'agent'],
  api: [
    'lib',
    'identity',
    'catalog',
    'ledger',
    'fleet',
    'orders',
    'billing',
    'services',
    'insight',
    'notices',
    'time',
    'events',
    'db:types',
  ],
  processes: ['lib', 'db', 'agent', 'drivers', 'config:types', 'config/default'],
}
/** Where all is put together: what is in them, and beside all folders in src/, may import everything. */
const roots: ReadonlySet<string | null> = new Set(['app', 'config', null])

const importPattern = /^(import|export)\s+(type\s+)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm

export interface Violation {
  path: string
  rule: string
  detail: string
}

const folderOf = (path: string): string | null => /^src\/([^/]+)\/.+/.exec(path)?.[1] ?? null

function resolveImport(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const step of specifier.split('/')) {
    if (step === '..') parts.pop()
    else if (step !== '.') parts.push(step)
  }
  return parts.join('/')
}

/** Every relative import of a file: the path it names, and whether it takes types alone. */
export function importsOf(file: SourceFile): { path: string; typesOnly: boolean }[] {
  return [...file.text.matchAll(importPattern)]
    .map(match => ({ specifier: match[3] ?? match[4] ?? '', typesOnly: match[2] !== undefined }))
    .filter(found => found.specifier.startsWith('.'))
    .map(found => ({ path: resolveImport(file.path, found.specifier), typesOnly: found.typesOnly }))
}

export function importViolations(file: SourceFile): Violation[] {
  const folder = folderOf(file.path)
  if (folder === null || roots.has(folder) || file.path.endsWith('.test.ts')) return []
  const allowed = importTable[folder]
  if (!allowed) return [{ path: file.path, rule: 'folder', detail: `src/${folder} is not in the import table` }]
  return importsOf(file).flatMap(({ path, typesOnly }) => {
    const target = folderOf(path) ?? /^src\/([\w-]+)\.ts$/.exec(path)?.[1] ?? null
    if (target === null || target === folder) return []
    if (path.endsWith('.store.ts')) {
      return [{ path: file.path, rule: 'store', detail: `${path} is private to its folder` }]
    }
    const names = [target, path.replace(/^src\/|\.ts$/g, ''), ...(typesOnly ? [`${target}:types`] : [])]
    if (names.some(name => allowed.includes(name))) return []
    return [{ path: file.path, rule: 'import', detail: `${folder} may not import ${path}` }]
  })
}

/** Cycles between folders, types included: the table must tell one story in one direction. */
export function tableCycles(table: Record<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const visit = (folder: string, path: string[]): void => {
    if (path.includes(folder)) {
      cycles.push([...path.slice(path.indexOf(folder)), folder])
      return
    }
    for (const next of table[folder] ?? []) visit(next.replace(':types', ''), [...path, folder])
  }
  for (const folder of Object.keys(table)) visit(folder, [])
  return cycles
}

interface TextRule {
  rule: string
  pattern: RegExp
  /** Where the rule holds. */
  applies(path: string): boolean
}

const inSource = (path: string): boolean => path.startsWith('src/') && !path.endsWith('.test.ts')
const moneyFile = /^src\/(ledger|billing|orders)\/|^src\/lib\/money\.ts$|^src\/catalog\/(price|stock)\.ts$/

export const textRules: TextRule[] = [
  {
    rule: 'clock',
    pattern: /\bDate\.now\b|\bnew Date\(|\bTemporal\.Now\b|\bperformance\.now\b/,
    // The supervisor and the command line wait for processes; they decide nothing by the clock.
    applies: path => inSource(path) && !path.startsWith('src/lib/') && !/^src\/(processes|cli)\//.test(path),
  },
  {
    rule: 'randomness',
    pattern: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b/,
    applies: path => inSource(path) && path !== 'src/lib/random.ts',
  },
  {
    rule: 'environment',
    pattern: /\bprocess\.env\b/,
    applies: path => inSource(path) && !['src/config/config.ts', 'src/lib/env.ts'].includes(path),
  },
  {
    rule: 'database clock or randomness',
    // A call without a receiver is SQL's; `clock.now()` and the method `now(): …` are ours.
    pattern: /(?<![.#\w])now\(\)(?!\s*[:{])|current_timestamp|gen_random_uuid|clock_timestamp/i,
    applies: path => inSource(path) || path.endsWith('.sql'),
  },
  {
    rule: 'floating money',
    pattern: /\bparseFloat\b|\bNumber\([^)]*(?:[fF]en|[mM]icros)\b|\b\d+\.\d+\b(?!['"`.\d])/,
    applies: path => moneyFile.test(path) && !path.endsWith('.test.ts'),
  },
  {
    rule: 'sleep',
    pattern: /\bsleep\(|await (?:delay|setTimeout)\(\s*\d/,
    applies: path => /^test\/(?!tidy\/)|\.test\.ts$/.test(path) && path !== 'test/tidy/tidy.test.ts',
  },
  {
    rule: 'skip without a reason',
    pattern: /\b(?:test|it|describe)\.(?:skip|skipIf|runIf|only|todo)\b/,
    applies: path => /^test\/(?!tidy\/)|\.test\.ts$/.test(path) && path !== 'test/tidy/tidy.test.ts',
  },
  {
    // Files of one worker share modules: such a hook is there for the first file alone. onTestFinished is for every test.
    rule: 'hook in a shared module',
    pattern: /^(?:before|after)(?:Each|All)\(/m,
    applies: path => path.startsWith('test/') && !path.endsWith('.test.ts'),
  },
]

/** Comments and string contents hide nothing here but comments: a rule speaks of code. */
function withoutComments(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, comment => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/(^|\s)\/\/.*$/gm, '$1')
}

export function textViolations(file: SourceFile): Violation[] {
  const code = file.path.endsWith('.sql') ? file.text.replaceAll(/--.*$/gm, '') : withoutComments(file.text)
  return textRules.flatMap(({ rule, pattern, applies }) => {
    if (!applies(file.path)) return []
    const line = code.split('\n').findIndex(text => pattern.test(text))
    return line < 0 ? [] : [{ path: file.path, rule, detail: `line ${line + 1}: ${code.split('\n')[line]?.trim()}` }]
  })
}

export const fileLinesMax = 400
export const functionLinesMax = 70

export function sizeViolations(file: SourceFile, allowed: Record<string, string>): Violation[] {
  const lines = file.text.split('\n').length - 1
  const found: Violation[] = []
  if (lines > fileLinesMax && !(file.path in allowed)) {
    found.push({ path: file.path, rule: 'file size', detail: `${lines} lines (at most ${fileLinesMax})` })
  }
  for (const { name, length } of functionsOf(file.text)) {
    if (length > functionLinesMax && !(`${file.path}#${name}` in allowed)) {
      found.push({
        path: file.path,
        rule: 'function size',
        detail: `${name}: ${length} lines (at most ${functionLinesMax})`,
      })
    }
  }
  return found
}

/** Folders whose steps change what is owed, owned or running: each step has a fault point (src/lib/fault.ts). */
const stepFolders = /^src\/(ledger|orders|billing|fleet|services)\//
/** A commit of several writes, or a call that changes something at a driver. */
const stepPattern = /\btransaction\((?:ctx|this)\b|\bdriver\.(?:provision|release|ensure|stop|forget)\(/

/** Steps without a fault point in the function that takes them. */
export function stepViolations(file: SourceFile, allowed: Record<string, string>): Violation[] {
  if (!stepFolders.test(file.path) || /\.(?:test|store)\.ts$/.test(file.path)) return []
  const lines = withoutComments(file.text).split('\n')
  const functions = functionsOf(file.text)
  return lines.flatMap((line, index) => {
    if (!stepPattern.test(line)) return []
    const around = functions.filter(({ start, length }) => start <= index && index < start + length)
    const within = around.map(({ start, length }) => lines.slice(start, start + length).join('\n'))
    const name = around.at(-1)?.name ?? 'top level'
    if (`${file.path}#${name}` in allowed || within.some(text => text.includes('faults.point('))) return []
    return [{ path: file.path, rule: 'fault point', detail: `line ${index + 1}: ${name} takes a step without one` }]
  })
}

/** Named functions and methods with their length, told by indentation: the formatter sees to it. */
export function functionsOf(text: string): { name: string; start: number; length: number }[] {
  const lines = text.split('\n')
  const head =
    /^(\s*)(?:export )?(?:async )?(?:function\*? (\w+)|(?:static |get |set |async |\*)*(#?\w+)\(.*\{$|const (\w+) = (?:async )?\(?.*=> \{$)/
  return lines.flatMap((line, index) => {
    const match = head.exec(line)
    const name = match?.[2] ?? match?.[3] ?? match?.[4]
    if (
      !match ||
      !name ||
      ['if', 'for', 'while', 'switch', 'catch', 'return', 'describe', 'describeInBrowser', 'test', 'it'].includes(name)
    )
      return []
    const end = lines.findIndex((other, at) => at > index && other.startsWith(`${match[1]}}`))
    return end < 0 ? [] : [{ name, start: index, length: end - index + 1 }]
  })
}

/** Files of src/ that nothing reaches from the entries. */
export function deadFiles(files: readonly SourceFile[], entries: readonly string[]): string[] {
  const byPath = new Map(files.map(file => [file.path, file]))
  const seen = new Set<string>()
  const pending = [...entries]
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const file = byPath.get(path)
    if (!file || seen.has(path)) continue
    seen.add(path)
    for (const found of importsOf(file)) pending.push(found.path)
    for (const match of file.text.matchAll(/new URL\('([^']+\.ts)', import\.meta\.url\)|import\('([^']+\.ts)'\)/g)) {
      pending.push(resolveImport(path, match[1] ?? match[2] ?? ''))
    }
  }
  return files.map(file => file.path).filter(path => /^src\/.*(?<!\.test)\.ts$/.test(path) && !seen.has(path))
}
