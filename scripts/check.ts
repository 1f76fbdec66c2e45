// `npm run check`: everything CI runs. What is told from the sources alone goes side by side and comes first; then the tests.
// Stops after the part in which something failed, with all that it had to say.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

interface Step {
  name: string
  argv: string[]
}

const node = [process.execPath, '--disable-warning=ExperimentalWarning']
const ofSources: Step[] = [
  { name: 'types', argv: ['tsc', '-p', '.'] },
  { name: 'types of the console', argv: ['tsc', '-p', 'console'] },
  { name: 'lint and format', argv: ['biome', 'check', '.'] },
  { name: 'generated table types are current', argv: [...node, 'scripts/generate-schema.ts', '--check'] },
  {
    name: 'generated OpenAPI document and client are current',
    argv: [...node, 'scripts/generate-openapi.ts', '--check'],
  },
]
const tests: Step = { name: 'tests, the tidy test among them', argv: ['vitest', 'run'] }
// With the stories in the browser that `npm test` leaves out to be quick.
const env = { ...process.env, BERTH_TESTS: 'all' }

const say = (line: string): boolean => process.stdout.write(`${line}\n`)

/** Says what it had to say once it is over; true: it passed. */
async function checked({ name, argv: [program = '', ...args] }: Step): Promise<boolean> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (said += text))
  const [status] = await once(child, 'close')
  say(`── ${name}\n${said}`.trimEnd())
  return status === 0
}

function ended(failed: readonly Step[]): never {
  say(failed.length === 0 ? 'all checks passed' : `failed: ${failed.map(({ name }) => name).join('; ')}`)
  process.exit(failed.length === 0 ? 0 : 1)
}

const verdicts = await Promise.all(ofSources.map(checked))
const wrong = ofSources.filter((_, index) => !verdicts[index])
if (wrong.length > 0) ended(wrong)
say(`── ${tests.name}`)
const [program = '', ...args] = tests.argv
ended(spawnSync(program, args, { stdio: 'inherit', env }).status === 0 ? [] : [tests])
