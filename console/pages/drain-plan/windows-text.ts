import type { Item } from '../../api.ts'
import { plans } from '../../i18n/plans.ts'
import { formatClauses, formatList, formatWeekday, textFrom } from '../../i18n/t.ts'

type Plan = Item<'GET /v1/drain-plans'>

/** "Mon", of 1 to 7: of a week that began on a Monday. */
export const weekday = (day: number): string => formatWeekday(`2024-01-0${day}`)

export function windowsText({ windows, timeZone }: Pick<Plan, 'windows' | 'timeZone'>): string {
  if (windows.length === 0) return textFrom(plans, 'plans.anyTime')
  const each = windows.map(({ days, from, to }) =>
    textFrom(plans, 'plans.windowOf', { days: formatList(days.map(weekday)), from, to }),
  )
  return `${formatClauses(each)} (${timeZone})`
}
