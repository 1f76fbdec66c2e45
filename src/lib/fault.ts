// Fault points stand at every effect. In production a point is one map lookup that finds nothing; in tests it throws,
// waits, kills the process or answers "unknown", and the registry tells which points a run has reached (A1, A3).

export type FaultAction =
  | { do: 'throw' }
  | { do: 'kill' }
  | { do: 'call'; call: () => void | Promise<void> }
  | { do: 'unknown' }

/** The outcome of an effect is not known: it may have happened. Callers look it up before they decide (Q4, Q69). */
export class OutcomeUnknownError extends Error {
  override name = 'OutcomeUnknownError'
}

export class InjectedFaultError extends Error {
  override name = 'InjectedFaultError'
}

const declared = new Set<string>()
const armed = new Map<string, { action: FaultAction; afterHits: number }>()
const reached = new Map<string, number>()
let counting = false

/** Declares a module's points once, so that a list of all of them exists and a misspelt one does not compile. */
export function declareFaults<const Name extends string>(...names: Name[]) {
  for (const name of names) declared.add(name)
  return {
    async point(name: Name): Promise<void> {
      if (counting) reached.set(name, (reached.get(name) ?? 0) + 1)
      const fault = armed.get(name)
      if (fault === undefined || fault.afterHits-- > 0) return
      armed.delete(name)
      await act(name, fault.action)
    },
  }
}

async function act(name: string, action: FaultAction): Promise<void> {
  if (action.do === 'call') return action.call()
  if (action.do === 'kill') {
    process.kill(process.pid, 'SIGKILL')
    await new Promise(() => {}) // SIGKILL lands while this waits: nothing after the point may run.
  }
  if (action.do === 'unknown') throw new OutcomeUnknownError(`outcome unknown at ${name}`)
  throw new InjectedFaultError(`fault injected at ${name}`)
}

export const declaredFaults = (prefix = ''): string[] => [...declared].filter(name => name.startsWith(prefix)).sort()

/** Arms one point for one hit, after letting `afterHits` hits pass. Unknown names are refused: a test must bite. */
export function armFault(name: string, action: FaultAction, afterHits = 0): void {
  if (!declared.has(name)) throw new Error(`no fault point is named ${name}`)
  armed.set(name, { action, afterHits })
}

export function countFaults(): ReadonlyMap<string, number> {
  counting = true
  reached.clear()
  return reached
}

export function disarmFaults(): void {
  armed.clear()
  reached.clear()
  counting = false
}
