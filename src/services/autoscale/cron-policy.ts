// When a service is to have how many replicas, by the clock, in EAS's shape.

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
  /** Days on which nothing is scaled, in each job's own zone: `2026-10-01`, or schedules as EAS has them. */
  excludeDates: string[]
}
