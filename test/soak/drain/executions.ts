// What the services have written down: the only word on what was executed, and how often.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Executions {
  begun: number
  /** Begun more than once. */
  twice: string[]
  /** Begun and never ended. */
  unfinished: string[]
  /** Whose body came in other than it was sent. */
  torn: string[]
  /** How many were connected to each instance as it was told to end. */
  openAtStops: number[]
  /** By version of the service. */
  byVersion: Map<string, number>
}

export function executionsIn(directory: string, instanceIds?: readonly string[]): Executions {
  const written = new Set(readdirSync(directory))
  // One that is only starting has written nothing yet.
  const files = instanceIds?.map(id => `${id}.log`).filter(name => written.has(name)) ?? [...written]
  const begun = new Set<string>()
  const open = new Set<string>()
  const found: Executions = { begun: 0, twice: [], unfinished: [], torn: [], openAtStops: [], byVersion: new Map() }
  for (const line of files.flatMap(name => readFileSync(join(directory, name), 'utf8').split('\n'))) {
    const [word, id = '', version = ''] = line.split(' ')
    if (word === 'begin') {
      if (begun.has(id)) found.twice.push(id)
      begun.add(id)
      open.add(id)
      found.begun++
      found.byVersion.set(version, (found.byVersion.get(version) ?? 0) + 1)
    } else if (word === 'end') open.delete(id)
    else if (word === 'torn') found.torn.push(id)
    else if (word === 'told') found.openAtStops.push(Number(id))
  }
  found.unfinished = [...open]
  return found
}
