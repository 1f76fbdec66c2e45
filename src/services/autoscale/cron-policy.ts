// When a service is to have how many replicas, by the clock, in EAS's shape.
import { Refusal } from '../../lib/errors.ts'
import type { ServicesRefusal } from '../service.ts'
import { isDayOf, latestRun, nextRun, parseSchedule } from './cron-schedule.ts'

export interface CronJob {
  name: string
  /** Six fields: second, minute, hour, day of month, month, day of week. */
  schedule: string
  targetSize: number
  /** IANA, as in `Asia/Shanghai`. */
  timeZone: string
}

export interface CronPolicy {
  jobs: CronJob[]
  /** Days on which nothing is scaled, in each job's own zone: `2026-10-01`, or the days of a schedule, as EAS has them. */
  excludeDates: string[]
}

export const cronJobsMax = 20
const dayPattern = /^\d{4}-\d\d-\d\d$/
/** So many days in a row may be left out; beyond, a job is said to have no next run. */
const excludedMax = 1_000

/** Refuses what can not be read, naming it. */
export function checkCronPolicy({ jobs, excludeDates }: CronPolicy): void {
  const seen = new Set<string>()
  for (const [index, { name, schedule, timeZone }] of jobs.entries()) {
    const field = `scaleJobs[${index}]`
    if (seen.has(name)) throw invalid(`${field}.name`, `names ${name} a second time`)
    seen.add(name)
    parseSchedule(schedule, `${field}.schedule`)
    if (!isTimeZone(timeZone))
      throw invalid(`${field}.timeZone`, `is not a time zone such as Asia/Shanghai: ${timeZone}`)
  }
  for (const [index, text] of excludeDates.entries()) excludes(text, `excludeDates[${index}]`)
}

function isTimeZone(timeZone: string): boolean {
  try {
    Temporal.PlainDate.from('2026-01-01').toZonedDateTime(timeZone)
    return true
  } catch {
    return false
  }
}

function excludes(text: string, field: string): (date: Temporal.PlainDate) => boolean {
  if (!dayPattern.test(text)) {
    const schedule = parseSchedule(text, field)
    return date => isDayOf(schedule, date)
  }
  try {
    const day = Temporal.PlainDate.from(text)
    return date => date.equals(day)
  } catch {
    throw invalid(field, `is not a day of the calendar: ${text}`)
  }
}

const invalid = (field: string, problem: string): Refusal =>
  new Refusal<ServicesRefusal>('InvalidCronScaler', `${field} ${problem}`, { field })

const isExcluded = (policy: CronPolicy, job: CronJob, at: Temporal.Instant): boolean => {
  const date = at.toZonedDateTimeISO(job.timeZone).toPlainDate()
  return policy.excludeDates.some((text, index) => excludes(text, `excludeDates[${index}]`)(date))
}

/** The next runs of a job, without the days that are left out. */
export function nextRunsOf(
  policy: CronPolicy,
  job: CronJob,
  after: Temporal.Instant,
  count: number,
): Temporal.Instant[] {
  const schedule = parseSchedule(job.schedule, 'schedule')
  const found: Temporal.Instant[] = []
  let at = nextRun(schedule, after, job.timeZone)
  for (let tries = 0; at !== null && found.length < count && tries < excludedMax; tries++) {
    if (!isExcluded(policy, job, at)) found.push(at)
    at = nextRun(schedule, at, job.timeZone)
  }
  return found
}

/** When somebody has to look again; null: never. */
export function nextOfAll(policy: CronPolicy, after: Temporal.Instant): Temporal.Instant | null {
  const runs = policy.jobs.flatMap(job => nextRunsOf(policy, job, after, 1))
  return runs.toSorted(Temporal.Instant.compare)[0] ?? null
}

/** What the last run after one instant and until another asks for; of two at once the later in the list. */
export function dueJob(
  policy: CronPolicy,
  after: Temporal.Instant,
  until: Temporal.Instant,
): { job: CronJob; at: Temporal.Instant } | null {
  const runs = policy.jobs.flatMap(job => {
    const at = latestRun(parseSchedule(job.schedule, 'schedule'), after, until, job.timeZone)
    return at === null || isExcluded(policy, job, at) ? [] : [{ job, at }]
  })
  return runs.reduce<{ job: CronJob; at: Temporal.Instant } | null>(
    (last, run) => (last === null || Temporal.Instant.compare(run.at, last.at) >= 0 ? run : last),
    null,
  )
}
