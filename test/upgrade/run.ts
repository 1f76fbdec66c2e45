// `npm run test:upgrade [commit]`: an upgrade without a pause, for real. Control of an older commit (by default the last before
// roles could run apart) begins orders on a database of its own; controllers and an API of this tree come beside it and bring the
// schema up to theirs; the older one goes on taking orders, then it is killed while an order of its is provisioning. Every order
// that it began is finished by the newer ones, once.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '../../src/client/client.ts'
import { startEmbedded } from '../../src/db/embedded.ts'
import { silentLog } from '../../src/lib/log.ts'
import { until } from '../installation.ts'
import { RoleProcesses } from '../role-processes.ts'
import { conclude, say } from '../soak/conclude.ts'
import { temporaryRoot } from '../temporary.ts'
import { Hold } from './hold.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()

const yaml = `catalog:
  specs:
    slice: { family: general, cpu: 1, memory: 64MiB }
  regions:
    local:
      name: This host
      engine: process
      zones:
        local-a: { name: Zone A, offers: { slice: { stock: 60, postpaid: { hour: 0.01 } } } }
`
const begunEach = 5
const triesMax = 15
const finalPhases = new Set(['fulfilled', 'refunded', 'lapsed', 'cancelled'])

/** The commit before the one that brought duties. */
function olderCommit(): string {
  const brought = git('log', '--diff-filter=A', '--format=%H', '--', 'src/db/migrations/0028_duties.sql')
    .split('\n')
    .at(-1)
  return git('rev-parse', `${brought}^`)
}

function unpack(commit: string, directory: string): string {
  mkdirSync(directory)
  const archive = execFileSync('git', ['archive', '--format=tar', commit, 'src', 'package.json', 'examples'], {
    ...{ cwd: root, maxBuffer: 1 << 28 },
  })
  execFileSync('tar', ['-x', '-C', directory], { input: archive })
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  return join(directory, 'src', 'main.ts')
}

let made = 0
async function begin(client: Client, pay: boolean): Promise<string> {
  const request = {
    ...{ regionId: 'local', zoneId: 'local-a', specId: 'slice', quantity: 1, groupName: `group-${++made}` },
    chargeType: 'postpaid' as const,
  }
  const body = { request, pay, clientToken: `upgrade-${made}` }
  return (await client.call('POST /v1/orders', { body })).orderId
}

async function beginSome(client: Client, pay: boolean): Promise<string[]> {
  const begun: string[] = []
  for (let n = 0; n < begunEach; n++) begun.push(await begin(client, pay))
  return begun
}

const phaseIn = async (client: Client, orderId: string) =>
  (await client.call('GET /v1/orders/{orderId}', { params: { orderId } })).phase

/** Orders, one after the other, until the older one is held in the middle of one: the newer ones may be first. */
async function beginUntilHeld(client: Client, hold: Hold): Promise<string[]> {
  const begun: string[] = []
  while (begun.length < triesMax) {
    const orderId = await begin(client, true)
    begun.push(orderId)
    const isHeld = async () => (await hold.orders()).length > 0
    await until(
      'it is held, or done by another',
      async () => (await isHeld()) || (await phaseIn(client, orderId)) === 'fulfilled',
    )
    if (await isHeld()) break
  }
  return begun
}

await conclude(async open => {
  const commit = process.argv[2] ?? olderCommit()
  const directory = mkdtempSync(join(temporaryRoot, 'berth-upgrade-'))
  chmodSync(directory, 0o711)
  open.defer(() => rmSync(directory, { recursive: true, force: true }))
  const older = unpack(commit, join(directory, 'older'))
  const postgres = await startEmbedded({ dataDir: directory, log: silentLog })
  open.defer(() => postgres.stop())
  const roles = await RoleProcesses.make(postgres.url, yaml, 2)
  open.defer(() => roles.remove())

  const old = await roles.start('control', 'older', { program: older })
  say(`control of ${git('log', '-1', '--format=%h %s', commit)} runs`)
  const [before, operator] = [roles.client('owner', old), roles.client('operator', old)]
  const { accountId } = roles
  const topUp = { params: { accountId }, body: { amountFen: '1000000' } }
  await operator.call('POST /v1/accounts/{accountId}/top-ups', topUp)
  const begunAlone = [...(await beginSome(before, true)), ...(await beginSome(before, false))]

  const controllers = [await roles.start('controller', 'newer-0', { place: 0 })]
  controllers.push(await roles.start('controller', 'newer-1', { place: 1 }))
  const api = await roles.start('api', 'api')
  const after = roles.client('owner', api)
  say('two controllers and an API of this tree run beside it, on their schema')
  const begunBeside = [...(await beginSome(before, true)), ...(await beginSome(before, false))]
  const newer = await beginSome(after, true)
  const hold = await Hold.begin(postgres.url)
  begunBeside.push(...(await beginUntilHeld(before, hold)))
  const inTheMiddle = (await hold.orders()).length
  await roles.end(old, 'SIGKILL')
  await hold.end()
  const phaseOf = (orderId: string) => phaseIn(after, orderId)
  const begun = [...begunAlone, ...begunBeside]
  const left = (await Promise.all(begun.map(phaseOf))).filter(phase => !finalPhases.has(phase)).length
  say(`the older one is killed; ${left} of the ${begun.length} orders that it began are not at their end`)
  for (const orderId of begun) {
    if ((await phaseOf(orderId)) === 'placed') {
      await after.call('POST /v1/orders/{orderId}/pay', { params: { orderId } })
    }
  }
  const all = [...begun, ...newer]
  const finished = async () => (await Promise.all(all.map(phaseOf))).every(phase => phase === 'fulfilled')
  await until('every order is fulfilled', finished, 90_000).catch(error => say(String(error)))
  const fulfilled = (await Promise.all(begun.map(phaseOf))).filter(phase => phase === 'fulfilled').length
  const { items } = await after.call('GET /v1/machines', { query: { phase: 'running', limit: 100 } })
  const violated = verify(roles, postgres.url)
  const verdicts = [
    {
      line: `orders whose machine the older one was making when it was killed: ${inTheMiddle} (>= 1)`,
      holds: inTheMiddle >= 1,
    },
    {
      line: `orders that were not at their end when the older one was killed: ${left} (>= ${begunEach})`,
      holds: left >= begunEach,
    },
    {
      line: `orders begun by the older one and fulfilled: ${fulfilled} of ${begun.length}`,
      holds: fulfilled === begun.length,
    },
    { line: `machines that run: ${items.length} (${all.length})`, holds: items.length === all.length },
    { line: `invariants violated: ${violated} (0)`, holds: violated === 0 },
  ]
  for (const { line } of verdicts) say(line)
  return verdicts.every(({ holds }) => holds)
})

function verify(roles: RoleProcesses, databaseUrl: string): number {
  const args = [join(root, 'src', 'main.ts'), '--config', join(roles.home, 'api.yaml'), 'verify']
  const env = { ...process.env, BERTH_HOME: roles.home, DATABASE_URL: databaseUrl }
  let said: string
  try {
    said = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], { env, encoding: 'utf8' })
  } catch (error) {
    said = String((error as { stdout?: string }).stdout)
    say(said)
  }
  return Number(/invariants violated: (\d+)/.exec(said)?.[1] ?? Number.NaN)
}
