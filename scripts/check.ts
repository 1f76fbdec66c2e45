// `npm run check`: everything CI runs, in the order in which a mistake is found soonest. Stops at the first that fails.
import { spawnSync } from 'node:child_process'

const node = [process.execPath, '--disable-warning=ExperimentalWarning']
const steps: [name: string, argv: string[]][] = [
  ['types', ['tsc', '-p', '.']],
  ['types of the console', ['tsc', '-p', 'console']],
  ['lint and format', ['biome', 'check', '.']],
  ['generated table types are current', [...node, 'scripts/generate-schema.ts', '--check']],
  ['generated OpenAPI document and client are current', [...node, 'scripts/generate-openapi.ts', '--check']],
  ['tests, the tidy test among them', ['vitest', 'run']],
]

for (const [name, [program = '', ...args]] of steps) {
  process.stdout.write(`── ${name}\n`)
  // With the stories in the browser that `npm test` leaves out to be quick.
  const env = { ...process.env, BERTH_TESTS: 'all' }
  const { status } = spawnSync(program, args, { stdio: 'inherit', env })
  if (status !== 0) {
    process.stdout.write(`failed: ${name}\n`)
    process.exit(1)
  }
}
process.stdout.write('all checks passed\n')
