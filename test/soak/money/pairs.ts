// The pairs of a state and a command that there are, and how many of them a run has met.
import { commands } from './commands.ts'
import { states, type Target } from './states.ts'

export const allPairs: readonly string[] = (Object.keys(states) as Target['kind'][]).flatMap(kind =>
  states[kind].flatMap(state => Object.keys(commands[kind]).map(command => `${state} × ${command}`)),
)

export interface Coverage {
  met: number
  missed: string[]
  /** Met, and not among those that there are. */
  unheardOf: string[]
  percent: number
}

export function coverageOf(met: ReadonlySet<string>): Coverage {
  const missed = allPairs.filter(pair => !met.has(pair))
  const known = new Set(allPairs)
  const count = allPairs.length - missed.length
  return {
    met: count,
    missed,
    unheardOf: [...met].filter(pair => !known.has(pair)),
    percent: Math.floor((count * 1000) / allPairs.length) / 10,
  }
}
