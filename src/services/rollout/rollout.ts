// What should happen next with one service. One level-triggered decision for scale, update, restart, drain, stop, delete,
// crash and loss: it looks at what is and what is wanted, never at what changed. Pure.
//
// A service has as many *slots* as replicas. A slot is a service instance, or a pair: one that must move (*head*) and the
// one that comes in its place (*replacement*, by `replacesId`). The head leaves only once its replacement serves, that is,
// was probed, is routed, and every gateway has acknowledged it. So a move never lowers the number that serve, and a single
// replica moves like any other. Only an update without room for the replacement may use `maxUnavailable`, and never takes
// the last one that serves (Q42, Q44, Q45).
import { isDeepStrictEqual } from 'node:util'
import { waitingOf } from '../cause.ts'
import {
  isCrash,
  isIsolated,
  isMember,
  isRestarting,
  isRouted,
  isRoutedAt,
  type LeavingBecause,
  mayStartAt,
  type ServiceInstance,
} from '../service-instance.ts'
import { endOf, nextCrashCount } from './ends.ts'
import { attainableOf, hasNoRoom, isEmptied, mayGoFirst, type Serving } from './go-first.ts'
import {
  abruptlyBecause,
  isolationEndsBecause,
  nextOfLeaving,
  notAcknowledged,
  stopAgain,
  stopAtOnce,
  stoppingObstacle,
  unacknowledgedBy,
} from './leaving.ts'
import { lookAgainMs } from './look-again.ts'
import { Members } from './members.ts'
import { beginRestart, nextOfRestart, wantsRestart } from './process-restart.ts'
import { failureOf, type Generation, generationFor, isCurrent, isPaused } from './rollout-phase.ts'
import type { Action, Obstacle, ServicePlan, ServiceSnapshot } from './rollout-snapshot.ts'

interface Crash extends Generation {
  id: string
  /** The head whose replacement it was. */
  replacesId: string | null
  crashCount: number
}

/** What is being planned: members leave as they are sent away. */
interface Draft {
  snapshot: ServiceSnapshot
  members: Members
  actions: Action[]
  obstacles: Map<string, Obstacle>
  crashes: Crash[]
  /** Whose slots are still without the room that they left, where the one in their place is sent away too. */
  emptied: string[]
  /** How many are being replaced, or begin to be, whom people have put to it: no more than `maxSurge`. */
  surging: number
  /** null: to be counted anew. */
  serving: Serving | null
}

export function planService(snapshot: ServiceSnapshot): ServicePlan {
  const draft: Draft = {
    ...{ snapshot, members: new Members(), actions: [], obstacles: new Map(), crashes: [], emptied: [] },
    ...{ surging: 0, serving: null },
  }
  for (const instance of snapshot.instances) takeIn(draft, instance)
  sendAwayAbruptly(draft)
  if (snapshot.service.desired === 'running') {
    pauseIfFailing(draft)
    holdBack(draft)
    letStay(draft)
    settlePairs(draft)
    matchReplicas(draft)
    const heads = draft.members.heads()
    draft.surging = heads.filter(head => isSurging(draft, head)).length
    for (const head of heads) replaceIfNeeded(draft, head)
    // What was left for one goes to no other slot of its service.
    const last = (member: ServiceInstance): number => Number(!isEmptiedSlot(draft, member))
    const advancing = [...draft.members].sort((a, b) => last(a) - last(b))
    const restarted = beginRestarts(draft)
    for (const member of advancing) if (!restarted.has(member.id)) advance(draft, member)
  }
  finish(draft)
  return {
    actions: draft.actions,
    obstacles: draft.obstacles,
    lookAgainMs: lookAgainMs(draft.snapshot, draft.actions, isSteady(draft)),
  }
}

/** Records what has ended, moves on what leaves, and keeps the others as members. */
function takeIn(draft: Draft, instance: ServiceInstance): void {
  const { snapshot } = draft
  const end = endOf(snapshot, instance)
  if (end) {
    draft.actions.push(end)
    if (isMember(instance) && isCrash(end.reason)) {
      const { id, replacesId, version, restartGeneration } = instance
      const crashCount = nextCrashCount(instance, snapshot.now)
      draft.crashes.push({ id, replacesId, version, restartGeneration, crashCount })
    }
  } else if (isMember(instance)) {
    draft.members.add(instance)
  } else if (instance.phase === 'leaving') {
    const next = nextOfLeaving(snapshot, instance)
    if ('do' in next) draft.actions.push(next)
    else draft.obstacles.set(instance.id, next)
  } else if (instance.phase === 'isolated') {
    const because = isolationEndsBecause(snapshot, instance)
    if (because !== null) draft.actions.push(stopAtOnce(snapshot, instance.id, because))
  } else {
    draft.actions.push(stopAgain(snapshot, instance))
    draft.obstacles.set(instance.id, stoppingObstacle(snapshot, instance))
  }
}

/** Stopped services, lost machines, revoked reservations and full disks end the serving, whatever else runs. */
function sendAwayAbruptly(draft: Draft): void {
  for (const member of [...draft.members]) {
    const because = abruptlyBecause(draft.snapshot, member)
    if (because !== null) sendAway(draft, member, because)
  }
}

function sendAway(draft: Draft, member: ServiceInstance, because: LeavingBecause): void {
  draft.members.remove(member)
  draft.serving = null
  if (isEmptiedSlot(draft, member) && member.replacesId !== null) draft.emptied.push(member.replacesId)
  const { id } = member
  const neverRan = member.phase === 'waiting' || isNotThere(draft, member)
  if (isRestarting(member)) {
    draft.actions.push({ do: 'keep_out', id, because })
  } else if (neverRan) {
    draft.actions.push({ do: 'end', id, reason: 'Withdrawn', exitCode: null, signal: null, message: because })
  } else if (member.phase === 'starting') {
    draft.actions.push(stopAtOnce(draft.snapshot, id, because))
  } else {
    draft.actions.push({ do: 'leave', id, because })
  }
}

const isEmptiedSlot = (draft: Draft, member: ServiceInstance): boolean =>
  isEmptied(member, draft.snapshot) && draft.members.replacedBy(member) === null

const isNotThere = (draft: Draft, member: ServiceInstance): boolean =>
  member.phase === 'starting' && draft.snapshot.observations.get(member.id)?.state === 'not_found'

/** A rollout that fails pauses at once: what is decided from here on is decided of a paused one. */
function pauseIfFailing(draft: Draft): void {
  const { snapshot, members, crashes } = draft
  if (snapshot.frozen) return
  const started = [...members].filter(member => !isRestarting(member))
  const failure = failureOf(snapshot, started, crashes)
  if (failure === null || snapshot.service.rollout === null) return
  const pause = { because: 'failing', at: snapshot.now.toString(), failure } as const
  draft.actions.push({ do: 'pause', pause })
  draft.snapshot = {
    ...snapshot,
    service: { ...snapshot.service, rollout: { ...snapshot.service.rollout, pause } },
  }
}

/** While a rollout is paused, what has not taken over from an old one does not; of one that fails, nothing is tried again. */
function holdBack(draft: Draft): void {
  const { service } = draft.snapshot
  const { pause } = service.rollout ?? {}
  if (pause === undefined) return
  for (const member of [...draft.members]) {
    const head = draft.members.replacedBy(member)
    const takesOver = head !== null && !isCurrent(service, head)
    const begins = (member.phase === 'waiting' || member.phase === 'starting') && isCurrent(service, member)
    if (begins && (takesOver || pause.because === 'failing')) sendAway(draft, member, 'paused')
  }
}

/** A rebalance is a wish: where the one in its place finds no room there, or does not come up, it stays where it serves. */
function letStay(draft: Draft): void {
  const ofCrash = new Set(draft.crashes.map(({ replacesId }) => replacesId))
  for (const member of [...draft.members]) {
    const replacement = draft.members.replacementOf(member)
    const fails = ofCrash.has(member.id) || (replacement !== null && hasNoRoom(replacement))
    if (member.moveTo === null || !fails) continue
    draft.actions.push({ do: 'stay', id: member.id })
    draft.members.change({ ...member, moveTo: null })
  }
}

/** Why this one must be replaced; null: it stays. Its machine's fate comes first: no update in its course may hold that up. */
function movesBecause(draft: Draft, member: ServiceInstance): LeavingBecause | null {
  const verdict = member.machineId === null ? 'stay' : draft.snapshot.machines.get(member.machineId)?.verdict
  if (verdict === 'move') return 'drained'
  if (verdict === 'repair') return 'lost'
  if (member.eviction !== null) return 'evicted'
  if (member.leavingBecause === 'restarted' || member.leavingBecause === 'isolated') return member.leavingBecause
  if (member.moveTo !== null) return 'rebalanced'
  return isOutdated(draft, member) ? 'updated' : null
}

/** While its rollout is paused, nothing is. */
const isOutdated = ({ snapshot: { service } }: Draft, member: ServiceInstance): boolean =>
  !isCurrent(service, member) && !isPaused(service.rollout)

/** Routed, and every gateway has said so. */
function serves(draft: Draft, member: ServiceInstance): boolean {
  if (!isRouted(member) || isFailing(draft, member)) return false
  return unacknowledgedBy(draft.snapshot, member.routedAtGeneration ?? 0n).length === 0
}

function isFailing(draft: Draft, member: ServiceInstance): boolean {
  const word = draft.snapshot.observations.get(member.id)
  return word?.state === 'running' && !word.ready
}

/** Lets a head go whose replacement serves, and drops replacements that nobody needs any more. */
function settlePairs(draft: Draft): void {
  for (const head of draft.members.heads()) {
    const because = movesBecause(draft, head)
    const replacement = draft.members.replacementOf(head)
    // The old one does not serve and is not wanted: nothing to keep until the new one is there.
    const isUnwanted =
      because === 'restarted' || because === 'isolated' || (isOutdated(draft, head) && !draft.snapshot.frozen)
    if (because !== null && isUnwanted && !isRouted(head)) {
      sendAway(draft, head, because)
      continue
    }
    if (!replacement) continue
    if (because === null) {
      // The drain was cancelled, or the rollout paused. What serves stays, the newer one goes.
      const spare = !isRouted(head) && serves(draft, replacement) ? head : replacement
      sendAway(draft, spare, isPaused(draft.snapshot.service.rollout) ? 'paused' : 'scaled_in')
    } else if (serves(draft, replacement)) {
      sendAway(draft, head, because)
    } else if (movesBecause(draft, replacement) !== null) {
      sendAway(draft, replacement, movesBecause(draft, replacement) ?? 'scaled_in')
    } else if (isOfMachine(because) && !isRouted(head) && replacement.phase !== 'waiting') {
      sendAway(draft, head, because)
    } else if (hasNoRoom(replacement)) {
      if (mayGoFirst(draft.snapshot, head, because, () => servingIn(draft))) sendAway(draft, head, because)
    }
  }
}

const servingIn = (draft: Draft): Serving => {
  draft.serving ??= {
    serving: [...draft.members].filter(member => serves(draft, member)).length,
    attainable: attainableOf(draft.snapshot, draft.members.heads()),
  }
  return draft.serving
}

/** Where most seems away, a rollout or a rebalance takes nothing from what serves: what has a replacement is let go once that serves, no other gets one. */
const isHeld = (draft: Draft, because: LeavingBecause | null): boolean =>
  draft.snapshot.frozen && (because === 'updated' || because === 'rebalanced')

/** A machine's fate moves all that is there at once, and room is its only bound: the surge is for what people start. */
const isOfMachine = (because: LeavingBecause): boolean =>
  because === 'drained' || because === 'lost' || because === 'evicted'

/** As many slots as replicas. */
function matchReplicas(draft: Draft): void {
  const { replicas } = draft.snapshot.service
  const heads = draft.members.heads()
  for (const head of heads.toSorted(inOrderOfLeaving(draft)).slice(0, Math.max(0, heads.length - replicas))) {
    const replacement = draft.members.replacementOf(head)
    if (replacement) sendAway(draft, replacement, 'scaled_in')
    sendAway(draft, head, head.leavingBecause === 'isolated' ? 'isolated' : 'scaled_in')
  }
  // One that is not made again as it was begins anew.
  const crashes = draft.crashes
    .filter(crash => crash.replacesId === null || !draft.members.has(crash.replacesId))
    .filter(crash => isCurrent(generationFor(draft.snapshot, crash), crash))
  for (let slots = heads.length; slots < replicas; slots++) {
    const crash = crashes.shift()
    const { id: replacesId = draft.emptied.shift() ?? null, crashCount = 0 } = crash ?? {}
    const generation = generationFor(draft.snapshot, crash ?? null)
    draft.actions.push({ do: 'create', replacesId, drainId: null, crashCount, ...generation })
  }
}

/** What does not serve first, then what has to move anyway, then the newest (Q46). */
function inOrderOfLeaving(draft: Draft): (a: ServiceInstance, b: ServiceInstance) => number {
  const rank = (member: ServiceInstance): number => {
    const phases = { waiting: 0, starting: 1, ready: 2, leaving: 3, isolated: 3, stopping: 3, ended: 3 }
    if (!serves(draft, member)) return phases[member.phase]
    return movesBecause(draft, member) === null ? 5 : 4
  }
  return (a, b) => {
    const age = Temporal.Instant.compare(b.createdAt, a.createdAt)
    return rank(a) - rank(b) || age || (a.id < b.id ? 1 : -1)
  }
}

/** Starts the replacement of a head that must move, and says what the move waits for. */
function replaceIfNeeded(draft: Draft, head: ServiceInstance): void {
  const because = movesBecause(draft, head)
  if (because === null) return
  const replacement = draft.members.replacementOf(head)
  if (replacement) {
    draft.obstacles.set(head.id, obstacleOf(draft, replacement))
    return
  }
  if (isHeld(draft, because)) return
  if (!isOfMachine(because) && draft.surging >= draft.snapshot.service.maxSurge) return
  const machine = head.machineId === null ? undefined : draft.snapshot.machines.get(head.machineId)
  const generation = generationFor(draft.snapshot, head)
  const crash = draft.crashes.find(({ replacesId }) => replacesId === head.id)
  const crashCount = crash && isCurrent(generation, crash) ? crash.crashCount : 0
  const drainId = because === 'drained' ? (machine?.drainId ?? null) : null
  if (!isOfMachine(because)) draft.surging++
  draft.actions.push({ do: 'create', replacesId: head.id, drainId, crashCount, ...generation })
  draft.obstacles.set(head.id, { code: 'ReplacementStarting', message: 'its replacement is being made' })
}

function isSurging(draft: Draft, head: ServiceInstance): boolean {
  const because = movesBecause(draft, head)
  return because !== null && !isOfMachine(because) && draft.members.replacementOf(head) !== null
}

function obstacleOf(draft: Draft, replacement: ServiceInstance): Obstacle {
  if (hasNoRoom(replacement)) {
    const noRoom = waitingOf(replacement.waitingReason)
    return noRoom
      ? { code: 'NoRoom', message: noRoom.message, noRoom }
      : { code: 'NoRoom', message: 'no room elsewhere' }
  }
  const count = replacement.crashCount
  if (count > 0 && !isRouted(replacement)) {
    return { code: 'ReplacementFailing', message: `its replacement has ended ${count} times`, count }
  }
  if (!isRouted(replacement) || isFailing(draft, replacement)) {
    return { code: 'ReplacementStarting', message: 'its replacement is not ready yet' }
  }
  const generation = replacement.routedAtGeneration ?? 0n
  return notAcknowledged(unacknowledgedBy(draft.snapshot, generation), generation)
}

/** One after the other, as far as others serve. What is to be replaced anyway is not restarted besides. */
function beginRestarts(draft: Draft): Set<string> {
  const begun = new Set<string>()
  for (const member of [...draft.members].filter(wantsRestart)) {
    const because = movesBecause(draft, member)
    if (because !== null) {
      draft.actions.push({ do: 'drop_restart', id: member.id, because })
      continue
    }
    const heads = draft.members.heads()
    const inSlot = (head: ServiceInstance) => [head, draft.members.replacementOf(head)].filter(one => one !== null)
    const others = heads.filter(head => inSlot(head).some(one => one.id !== member.id && serves(draft, one))).length
    const action = beginRestart(draft.snapshot, member, { others, attainable: attainableOf(draft.snapshot, heads) })
    if (action === null) continue
    draft.actions.push(action)
    begun.add(member.id)
    const leaving: ServiceInstance = { ...member, phase: 'leaving', leavingBecause: 'process_restarted' }
    draft.members.change(leaving)
  }
  return begun
}

/** The next step of one that stays, or that serves until its replacement does. */
function advance(draft: Draft, member: ServiceInstance): void {
  const { snapshot, actions } = draft
  const { id } = member
  if (isRestarting(member)) {
    const next = nextOfRestart(snapshot, member)
    actions.push(...next.actions)
    if (next.obstacle !== null) draft.obstacles.set(id, next.obstacle)
    return
  }
  if (member.phase === 'waiting') {
    if (Temporal.Instant.compare(mayStartAt(member), snapshot.now) <= 0) actions.push({ do: 'place', id })
    return
  }
  const word = snapshot.observations.get(id)
  if (word?.state === 'not_found') actions.push({ do: 'launch', id })
  const { fetching = null } = word?.state === 'starting' ? word : { fetching: member.fetching ?? null }
  if (!isDeepStrictEqual(fetching, member.fetching ?? null)) actions.push({ do: 'note_fetch', id, fetching })
  if (word?.state !== 'running') return
  if (word.ready && !isRoutedAt(member, word)) actions.push({ do: 'admit', id, host: word.host, port: word.port })
  if (!word.ready && member.phase === 'ready' && member.ready) actions.push({ do: 'suspend', id })
}

function finish(draft: Draft): void {
  const { service, instances } = draft.snapshot
  if (service.desired === 'deleted' && instances.length === 0) draft.actions.push({ do: 'finish_delete' })
  else if (service.rollout !== null && !isPaused(service.rollout) && isSteady(draft))
    draft.actions.push({ do: 'settle' })
}

function isSteady(draft: Draft): boolean {
  const { service, instances } = draft.snapshot
  if (draft.actions.length > 0) return false
  if (service.desired !== 'running') return instances.length === 0
  const replicas = instances.filter(instance => !isIsolated(instance))
  return (
    replicas.length === service.replicas &&
    replicas.every(instance => serves(draft, instance) && movesBecause(draft, instance) === null)
  )
}
