// What people type, as values. Only the form is checked here; the ranges are the server's, the same on every face.
import { parseYuan } from '../lib/money.ts'
import { refuse } from './failure.ts'
import type { Session } from './session.ts'

/** A number as typed; the server refuses what is out of range or not whole, with its own words. */
export function number(field: string): (text: string) => number {
  return text => {
    if (/^-?\d{1,15}(\.\d{1,6})?$/.test(text)) return Number(text)
    throw refuse('InvalidArgument', `${field}: expected a number, got "${text}"`, field)
  }
}

export function yuan(field: string): (text: string) => string {
  return text => {
    const fen = parseYuan(text)
    if (fen !== null) return fen.toString()
    throw refuse('InvalidArgument', `${field}: expected an amount such as 100 or 99.50, got "${text}"`, field)
  }
}

export function choice<T extends string>(field: string, choices: readonly T[]): (text: string) => T {
  return text => {
    const found = choices.find(one => one === text)
    if (found !== undefined) return found
    throw refuse('InvalidArgument', `${field}: expected ${choices.join(', ')}; got "${text}"`, field)
  }
}

/** Months as the API takes them; what is not sold is refused there. */
export type Months = 1 | 2 | 3 | 6 | 12
export const months = (text: string): Months => number('months')(text) as Months

/** Leaves out what was not given. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}

/** Groups are named by id or by name. */
export async function groupIdOf(session: Session, group: string): Promise<string> {
  if (group.startsWith('eas-r-')) return group
  for await (const found of session.pages('GET /v1/groups', { query: { name: group } })) {
    if (found.name === group) return found.groupId
  }
  throw refuse('GroupNotFound', `there is no resource group "${group}" in this account`, 'group')
}
