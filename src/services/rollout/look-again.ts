// When to look at a service again without being told. Pure.
import { mayStartAt } from '../service-instance.ts'
import { patienceOf } from './leaving.ts'
import type { Action, ServiceSnapshot } from './rollout-snapshot.ts'

const transitionLookMs = 2_000
const steadyLookMs = 10_000

/** null: only when told. */
export function lookAgainMs(snapshot: ServiceSnapshot, actions: readonly Action[], isSteady: boolean): number | null {
  const { service, instances, now } = snapshot
  if (service.desired !== 'running' && instances.length === 0) return null
  // Bytes come all the time: they are looked at in the ordinary pace.
  const inPace = new Set<Action['do']>(['place', 'stop', 'note_fetch'])
  if (actions.some(action => !inPace.has(action.do))) return 0
  if (isSteady) return instances.length === 0 ? null : steadyLookMs
  const deadlines = instances.flatMap(instance => {
    const patienceMs = instance.phase === 'leaving' ? patienceOf(snapshot, instance) : null
    const patient =
      patienceMs === null || instance.leavingAt === null ? [] : [instance.leavingAt.add({ milliseconds: patienceMs })]
    const backoff = instance.phase === 'waiting' ? [mayStartAt(instance)] : []
    return [...patient, ...backoff].map(at => at.epochMilliseconds - now.epochMilliseconds).filter(ms => ms > 0)
  })
  return Math.min(transitionLookMs, ...deadlines)
}
