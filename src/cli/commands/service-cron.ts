// Scaling by the clock.

import { isRefusal } from '../../lib/errors.ts'
import { number } from '../arguments.ts'
import type { CommandTree } from '../command.ts'
import { refuse } from '../failure.ts'
import { type Cell, printJson, printTable, say, timeText } from '../output.ts'
import type { Session } from '../session.ts'

interface Job {
  name: string
  schedule: string
  targetSize: number
  timeZone: string
}

const pathOf = (service: string) => ({ params: { service } })

export function addServiceCronCommands(tree: CommandTree): void {
  tree
    .add({
      usage: 'cron <service>',
      summary: 'show the scheduled scaling of a service, with its next runs',
      examples: ['berth service cron digits'],
      async run({ session, args: [service = ''], options }) {
        const found = await session.call('GET /v1/services/{service}/cron-scaler', pathOf(service))
        if (options.json) return printJson(found)
        const rows = found.scaleJobs.map((job): Cell[] => [
          job.name,
          job.schedule,
          job.timeZone,
          job.targetSize,
          timeText(job.nextRuns[0] ?? null),
          job.last === null ? 'not yet' : `${job.last.state}: ${job.last.message}`,
        ])
        printTable(['JOB', 'SCHEDULE', 'TIME ZONE', 'INSTANCES', 'NEXT RUN', 'LAST RUN'], rows, {
          right: ['INSTANCES'],
          empty: '',
        })
        if (found.excludeDates.length > 0) say(`Not on: ${found.excludeDates.join(', ')}`)
      },
    })
    .add<{ timeZone?: string }>({
      usage: 'cron-add <service> <job> <schedule> <replicas>',
      summary: 'scale a service by schedule; a job of that name is replaced',
      examples: ["berth service cron-add digits morning '0 0 8 * * MON-FRI' 4 --time-zone Asia/Shanghai"],
      options: [['--time-zone <zone>', "IANA, as in Asia/Shanghai; this computer's unless given"]],
      async run({ session, args: [service = '', name = '', schedule = '', replicas = ''], options }) {
        const timeZone = options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
        const job = { name, schedule, targetSize: number('replicas')(replicas), timeZone }
        const { jobs, excludeDates } = await presentOf(session, service)
        await put(session, service, [...jobs.filter(one => one.name !== name), job], excludeDates, options.json)
      },
    })
    .add({
      usage: 'cron-remove <service> <job>',
      summary: 'remove a job; with the last one the scheduled scaling ends',
      examples: ['berth service cron-remove digits morning'],
      async run({ session, args: [service = '', name = ''], options }) {
        const { jobs, excludeDates } = await presentOf(session, service)
        const left = jobs.filter(job => job.name !== name)
        if (left.length === jobs.length) throw refuse('InvalidArgument', `job: there is no job ${name}`, 'job')
        if (left.length > 0) return put(session, service, left, excludeDates, options.json)
        const found = await session.call('DELETE /v1/services/{service}/cron-scaler', pathOf(service))
        if (options.json) printJson(found)
        else say(`${found.name} is scaled by no schedule from now on.`)
      },
    })
}

async function put(session: Session, service: string, scaleJobs: Job[], excludeDates: string[], json: boolean) {
  const body = { scaleJobs, excludeDates }
  const set = await session.call('PUT /v1/services/{service}/cron-scaler', { ...pathOf(service), body })
  if (json) return printJson(set)
  const next = set.scaleJobs.flatMap(job => job.nextRuns[0] ?? []).toSorted()[0]
  say(`${set.name} has ${set.scaleJobs.length} jobs; the next run is ${next === undefined ? 'never' : timeText(next)}.`)
}

async function presentOf(session: Session, service: string): Promise<{ jobs: Job[]; excludeDates: string[] }> {
  try {
    const { scaleJobs, excludeDates } = await session.call('GET /v1/services/{service}/cron-scaler', pathOf(service))
    const jobs = scaleJobs.map(({ name, schedule, targetSize, timeZone }) => ({ name, schedule, targetSize, timeZone }))
    return { jobs, excludeDates }
  } catch (error) {
    if (isRefusal(error, 'NoCronScaler')) return { jobs: [], excludeDates: [] }
    throw error
  }
}
