// `npm run demo`: a Berth of its own is started, the main job happens on real input, and it stays for you to try, or (--once)
// ends and leaves nothing behind.
import { readFileSync, rmSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import { printBill } from './commands/bill.ts'
import { printDrain } from './commands/machine-drain.ts'
import { defaultHome, makeHome, makeTemporaryHome } from './demo/home.ts'
import { type Installation, startInstallation } from './demo/installation.ts'
import { type StoryResult, tell } from './demo/story.ts'
import { StepFailed, Teller } from './demo/teller.ts'
import { exitCodes, reportFailure } from './failure.ts'
import { printLine, say, secondsText } from './output.ts'

interface DemoOptions {
  once?: boolean
  json?: boolean
  dataDir?: string
}

const program = new Command('demo')
  .description('Shows the main job end to end, on real machines, a real model and real pictures.')
  .option('--once', 'end afterwards, and leave nothing behind')
  .option('--json', 'one JSON object as the last line of stdout; the story on stderr')
  .option('--data-dir <path>', 'where the demo lives; it is cleared first')
  .parse()
const options = program.opts<DemoOptions>()
const teller = new Teller(systemClock, options.json ? say : printLine)

const interrupted = new Promise<void>(done => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done())
})

try {
  await demo()
} catch (error) {
  process.exitCode = reportFailure(error)
  if (options.json) printLine(JSON.stringify({ ok: false, step: 'prepare', error: messageOf(error) }))
}
// What is still open now belongs to a story that was interrupted.
process.exit()

async function demo(): Promise<void> {
  const temporary = options.once === true && options.dataDir === undefined
  const dataDir = temporary ? await makeTemporaryHome() : resolve(options.dataDir ?? defaultHome())
  if (!temporary) await makeHome(dataDir)
  teller.line(`Berth's demo, data in ${dataDir}`)
  const starting = teller.step('start', async () => {
    const value = await startInstallation(dataDir, !options.once, line => say(`    ${line}`))
    return { value, told: 'PostgreSQL, agent, control and gateway run' }
  })
  const story = starting.then(installation => tell(teller, installation))
  const outcome = await Promise.race([story, interrupted.then(() => null)]).catch((error: Error) => error)
  const succeeded = outcome !== null && !(outcome instanceof Error)
  if (succeeded && !options.once) await stay(await starting, outcome)
  await starting.then(
    installation => stop(installation),
    () => {},
  )
  if (temporary && !(outcome instanceof Error)) rmSync(dataDir, { recursive: true, force: true })
  if (outcome === null) process.exitCode = 130
  else if (outcome instanceof Error) tellFailure(outcome, dataDir)
  else if (options.once) report(outcome)
}

/** Everything is up and stays so until Ctrl-C. */
async function stay(installation: Installation, result: StoryResult): Promise<void> {
  report(result)
  const berth = relative(process.cwd(), fileURLToPath(new URL('../../bin/berth', import.meta.url)))
  const picture = relative(
    process.cwd(),
    fileURLToPath(new URL('../../examples/digits/pictures/3-a.png', import.meta.url)),
  )
  for (const line of [
    '',
    'It stays up. In another terminal:',
    `  export BERTH_HOME=${installation.dataDir}`,
    `  ${berth} group show demo`,
    `  ${berth} invoke digits --file ${picture}`,
    `  ${berth} logs digits --follow`,
    `  ${berth} wallet show`,
    '',
    `  console      ${installation.apiUrl}/`,
    ...signInLines(installation.dataDir),
    `  API          ${installation.apiUrl}`,
    `  gateway      ${installation.gatewayUrl}/api/predict/digits`,
    `  access keys  ${installation.dataDir}/credentials.json`,
    '',
    'Ctrl-C stops everything.',
  ]) {
    teller.line(line)
  }
  await interrupted
}

/** Whom to sign in as: the file of the credentials has both. */
function signInLines(dataDir: string): string[] {
  const stored = JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as Record<string, SignIn>
  return (['owner', 'operator'] as const).flatMap(who => {
    const signIn = stored[who]
    return signIn ? [`    as ${who.padEnd(9)}${signIn.account} / ${signIn.user} / ${signIn.password}`] : []
  })
}

interface SignIn {
  account: string
  user: string
  password: string
}

async function stop(installation: Installation): Promise<void> {
  const beganMs = systemClock.monotonicMs()
  await installation.stop()
  teller.line(`stopped in ${secondsText(systemClock.monotonicMs() - beganMs)}`)
}

function report({ drained, ...result }: StoryResult): void {
  const steps = teller.steps.map(({ name, ms }) => ({ name, ms }))
  if (options.json) {
    printLine(JSON.stringify({ ok: true, ...result, steps }))
    return
  }
  teller.line('\nThe receipt of the drain')
  printDrain(drained)
  teller.line('\nThe bill')
  printBill(result.bill)
  teller.line(`\nThe story took ${secondsText(steps.reduce((sum, step) => sum + step.ms, 0))}.`)
}

function tellFailure(error: Error, dataDir: string): void {
  const step = error instanceof StepFailed ? error.step : 'start'
  process.exitCode = exitCodes.failed
  say(`The demo failed at "${step}": ${error.message}`)
  say(`The logs are in ${dataDir}/logs.`)
  if (options.json) printLine(JSON.stringify({ ok: false, step, error: error.message }))
}
