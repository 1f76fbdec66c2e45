// Months and their days as a calendar's page has them. Days are text, `2026-11-25`: of the billing zone, whatever the
// browser's is, so they are counted in UTC, where every day has 24 hours.
const dayMs = 86_400_000

/** Whether a text names a month of a calendar. */
export const isMonth = (text: string): boolean => /^\d{4}-(0[1-9]|1[0-2])$/.test(text)

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const startOf = (month: string): number => Date.parse(`${month}-01T00:00:00Z`)

export const monthBefore = (month: string): string => dayOf(startOf(month) - dayMs).slice(0, 7)
/** Every month has its 28 days, and none more than 31. */
export const monthNext = (month: string): string => dayOf(startOf(month) + 31 * dayMs).slice(0, 7)

/** Weeks from Monday to Sunday; null: a day of another month. */
export function weeksOf(month: string): (string | null)[][] {
  const first = startOf(month)
  const before = (new Date(first).getUTCDay() + 6) % 7
  const weeks: (string | null)[][] = []
  for (let week = first - before * dayMs; dayOf(week).slice(0, 7) <= month; week += 7 * dayMs) {
    const days = Array.from({ length: 7 }, (_, index) => dayOf(week + index * dayMs))
    weeks.push(days.map(day => (day.startsWith(month) ? day : null)))
  }
  return weeks
}

/** A week to name the days of: from a Monday. */
export const aWeek: readonly string[] = Array.from({ length: 7 }, (_, index) =>
  dayOf(startOf('2024-01') + index * dayMs),
)
