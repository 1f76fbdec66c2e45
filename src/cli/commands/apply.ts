// Services from a file: what it would change, with fit and price, and the change itself after a yes. Only what is in the file is
// touched: a service that it lacks is deleted by `berth service delete`, by name.
import { isRefusal, messageOf } from '../../lib/errors.ts'
import { type Described, readDescribed, refusedOf } from '../apply-file.ts'
import { groupIdOf } from '../arguments.ts'
import { confirm } from '../ask.ts'
import type { AskingOptions, CommandTree, WaitingOptions } from '../command.ts'
import { exitCodes, refuse, reportFailure, WorkFailed } from '../failure.ts'
import { type Cell, printJson, printLine, printTable, say } from '../output.ts'
import {
  countsOf,
  countsText,
  decide,
  type Planned,
  planText,
  type Taken,
  takenBy,
  toSend,
  waitsForRoom,
} from '../plan-apply.ts'
import { readyToSend } from '../service-file.ts'
import { awaitServices, findService, getServices, requireNotFailed } from '../service-rollout.ts'
import type { Session } from '../session.ts'
import { readFile } from './invoke.ts'

interface FileOptions {
  group?: string
}
interface ApplyOptions extends FileOptions, AskingOptions, WaitingOptions {
  json: boolean
  mayWait?: boolean
}

const groupOption: [string, string] = ['--group <group>', 'the group they run in; sets metadata.resource of each']

export function addApplyCommands(tree: CommandTree): void {
  tree
    .add<FileOptions>({
      usage: 'diff <file>',
      summary: 'say what `apply` of these services would change; exit code 0: nothing, 2: something, 1: it failed',
      examples: ['berth diff services.yaml', 'berth diff examples/digits/service.json --group vision'],
      options: [groupOption],
      async run({ session, args: [file = ''], options }) {
        const plan = await planOf(session, file, options).catch(error => {
          throw failed(error)
        })
        if (options.json) printJson(planJson(plan))
        else for (const line of planText(plan)) printLine(line)
        if (plan.some(isChange)) process.exitCode = exitCodes.differs
      },
    })
    .add<ApplyOptions>({
      usage: 'apply <file>',
      summary: 'deploy, update and scale services as a file has them, after its plan and a yes; others are not touched',
      examples: ['berth apply services.yaml', 'berth apply services.yaml --yes --may-wait --no-wait'],
      options: [groupOption, ['--may-wait', 'with --yes: also what does not fit now, and waits for room']],
      asks: true,
      waits: true,
      async run({ session, args: [file = ''], options }) {
        const plan = await planOf(session, file, options)
        for (const line of planText(plan)) say(line)
        const changing = plan.filter(isChange)
        if (changing.length > 0) await confirmPlan(changing, options)
        await perform(session, changing)
        await showServices(session, plan, options)
      },
    })
}

const isChange = ({ action }: Planned): boolean => action !== 'unchanged'

/** 2 says of `diff` that there is a difference; what is a refusal elsewhere ends it with 1. */
function failed(error: unknown): WorkFailed {
  const lines: string[] = []
  const code = reportFailure(error, line => lines.push(line))
  return new WorkFailed(lines.join('\n'), code === exitCodes.refused ? exitCodes.failed : code)
}

/** Reads the file and asks the server about each service in it. Nothing is changed. */
async function planOf(session: Session, file: string, { group }: FileOptions): Promise<Planned[]> {
  const described = readDescribed(readFile(file).toString('utf8'), file)
  const groupId = group === undefined ? null : await groupIdOf(session, group)
  const plan: Planned[] = []
  for (const one of described) {
    const ready = { ...one, config: readyToSend(one.config, file, groupId) }
    plan.push(await planService(session, ready, takenBy(plan)).catch(error => Promise.reject(refusedOf(one, error))))
  }
  return plan
}

async function planService(session: Session, one: Described, taken: Taken[]): Promise<Planned> {
  const present = await findService(session, one.name)
  if (present === null) {
    const { warnings } = await session.call('POST /v1/services/check', { body: { config: one.config } })
    const decided = decide(one.config, { present, effect: null })
    const fit = await fitOfNew(session, one, taken)
    return { ...one, ...decided, notes: warnings, fromVersion: null, impact: null, fit }
  }
  const config = toSend(one.config, present)
  const params = { service: present.serviceId }
  const body = { config, replace: true }
  const { impact, warnings } = await session.call('POST /v1/services/{service}/check', { params, body })
  const { notes, ...decided } = decide(one.config, { present, effect: impact.effect })
  const asked = { params, body: { ...body, taken } }
  const fit = impact.effect === 'none' ? null : await session.call('POST /v1/services/{service}/fit', asked)
  return { ...one, config, ...decided, notes: [...notes, ...warnings], fromVersion: present.version, impact, fit }
}

const fitOfNew = (session: Session, { config }: Pick<Planned, 'config'>, taken: Taken[] = []) =>
  session.call('POST /v1/services/fit', { body: { config, taken } })

/** In which secrets may stand. */
const withoutConfig = <T extends { config: unknown }>({ config: _, ...rest }: T): Omit<T, 'config'> => rest

const planJson = (plan: readonly Planned[]) => ({
  items: plan.map(withoutConfig),
  ...countsOf(plan),
})

/** What would wait for room is asked for by name: a yes to the rest is none to that. */
async function confirmPlan(changing: readonly Planned[], { yes, mayWait }: ApplyOptions): Promise<void> {
  const waiting = changing.filter(waitsForRoom).map(one => one.name)
  const question = `Apply: ${countsText(countsOf(changing))}`
  if (waiting.length === 0) return confirm(question, yes)
  const said = `${waiting.join(', ')}: there is no room for all of it now, and it waits until there is.`
  if (yes && !mayWait) throw refuse('ConfirmationMissing', `${said} Say with --may-wait that it may.`, 'may-wait')
  await confirm(`${said} ${question}`, yes)
}

/** One after the other, each as the plan showed it; the first that is refused ends it. */
async function perform(session: Session, changing: readonly Planned[]): Promise<void> {
  for (const [n, one] of changing.entries()) {
    try {
      await performOne(session, one)
    } catch (error) {
      const refused = refusedOf(one, error)
      const [done, left] = [changing.slice(0, n), changing.slice(n)]
      say(`Done: ${namesOf(done)}. Not done: ${namesOf(left)}. The same command again plans what is left.`)
      if (done.length === 0) throw refused
      throw new WorkFailed(isRefusal(refused) ? `${refused.code}: ${refused.message}` : messageOf(refused))
    }
    say(`${one.name}: ${one.action} is under way.`)
  }
}

const namesOf = (plan: readonly Planned[]): string => plan.map(one => one.name).join(', ') || 'nothing'

async function performOne(session: Session, one: Planned): Promise<void> {
  const { name, config, impact, fromVersion } = one
  if (impact && fromVersion !== null) {
    const body = { config, replace: true, ifVersion: fromVersion, previewId: impact.previewId }
    await session.call('PUT /v1/services/{service}', { params: { service: name }, body })
    return
  }
  // There is no preview to hold a deployment to: what was shown to fit must still do so.
  if (!waitsForRoom(one) && waitsForRoom({ fit: await fitOfNew(session, one) })) {
    throw refuse('WorldChanged', 'it fitted when the plan was made, and does not fit any more: look at it again')
  }
  await session.call('POST /v1/services', { body: { config } })
}

async function showServices(session: Session, plan: readonly Planned[], options: ApplyOptions): Promise<void> {
  const names = plan.map(one => one.name)
  const services = await (options.wait
    ? awaitServices(session, names, options.timeout * 1000)
    : getServices(session, names))
  if (options.json) printJson({ ...planJson(plan), services: services.map(withoutConfig) })
  else {
    const rows = services.map((one, n): Cell[] => [
      ...[one.name, plan[n]?.action ?? '', one.status, `${one.running}/${one.replicas}`, one.version, one.reason],
    ])
    const head = ['NAME', 'ACTION', 'STATUS', 'RUNNING', 'VERSION', 'REASON']
    printTable(head, rows, { right: ['RUNNING', 'VERSION'], empty: '' })
  }
  for (const service of services) if (options.wait) requireNotFailed(service)
}
