// What a preview said, held against what rows and events say happened. It reads no code of what it judges: what the words of a
// preview mean is written down here once more.
import type { Event, Instance, Machine, Service, World } from './look.ts'

export interface NoRoom {
  code: string
  message: string
  missing: object | null
  nearestMachineId: string | null
  helps: object[]
  machines: object
}

export interface SaidInstance {
  serviceInstanceId: string
  machineId: string | null
  fate: 'moves' | 'restarts' | 'finishes' | 'stops'
  toMachineId: string | null
  noRoom: NoRoom | null
}

export interface SaidService {
  serviceId: string
  name: string
  replicas: number
  running: number
  runningAfter: number
  floor: number
  belowFloor: boolean
  losesLast: boolean
  instances: SaidInstance[]
}

interface SaidHold {
  ownerKind: string
  reason: string
}

export interface SaidMachine {
  machineId: string
  refusal: { code: string; message: string } | null
  unchanged: boolean
  places: 'cordon' | 'drain' | null
  lifts: SaidHold[]
  remaining: SaidHold[]
  endsDrain: boolean
  setsDeadline: boolean
  setsOverride: boolean
  stops: boolean
  serviceInstances: number
  accruedFen: string | null
}

export interface SaidOfMachines {
  machines: SaidMachine[]
  services: SaidService[]
  groups: { groupId: string; openMachines: number; openMachinesAfter: number }[]
  billing: { endsAt: string; accruedFen: string } | null
}

export interface SaidOfUpdate {
  effect: 'none' | 'scale' | 'version'
  version: number
  replicas: number
  replaced: number
  started: number
  ended: number
  fits: number
  wanted: number
  shortage: NoRoom | null
  mayEndFirst: boolean
}

/** Right before the action, right after it, and once all has come to rest. */
export interface Course {
  /** Something else was done besides, and may have had effects of its own. */
  disturbed: boolean
  before: World
  done: World
  rest: World
  events: Event[]
}

type Say = (what: string, said: unknown, happened: unknown) => void

/** Sentences, each a difference. */
function differencesOf(compare: (say: Say) => void): string[] {
  const found: string[] = []
  compare((what, said, happened) => {
    const [a, b] = [plain(said), plain(happened)]
    if (a !== b) found.push(`${what}: said ${a}, happened ${b}`)
  })
  return found
}

/** Without regard to the order of keys. */
const plain = (value: unknown): string =>
  JSON.stringify(value, (_, one) =>
    one !== null && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )

// ── machines ──

export const compareMachines = (said: SaidOfMachines, course: Course): string[] =>
  differencesOf(say => {
    const { before, done, rest } = course
    say(
      'done, though some refuse',
      [],
      said.machines.filter(one => one.refusal !== null),
    )
    for (const one of said.machines) {
      const [was, is, left] = [before, done, rest].map(world => world.machines.find(({ id }) => id === one.machineId))
      if (was && is && left) compareMachine(say, one, [was, is, left], { ...course, billing: said.billing })
    }
    for (const group of said.groups) {
      const openIn = (world: World) => world.machines.filter(one => one.groupId === group.groupId && one.open).length
      say(`open machines of ${group.groupId}`, group.openMachines, openIn(before))
      say(`open machines of ${group.groupId} afterwards`, group.openMachinesAfter, openIn(done))
    }
    const told = new Set(said.services.map(one => one.serviceId))
    const targets = new Set(said.machines.map(one => one.machineId))
    for (const { id, name } of before.services) {
      if (course.disturbed || told.has(id)) continue
      const touched = before.instances.filter(
        one => one.serviceId === id && targets.has(one.machineId ?? '') && exitOf(course.events, one) !== null,
      )
      say(
        `${name}, of which nothing was said, loses`,
        [],
        touched.map(one => one.id),
      )
    }
    for (const service of said.services) compareService(say, service, course)
    const accrued = said.machines.reduce((sum, one) => sum + BigInt(one.refusal ? 0 : (one.accruedFen ?? 0)), 0n)
    if (said.billing) say('accrued in all', said.billing.accruedFen, String(accrued))
  })

function compareMachine(
  say: Say,
  said: SaidMachine,
  [was, is, left]: Machine[],
  { billing, disturbed }: Pick<SaidOfMachines, 'billing'> & Pick<Course, 'disturbed'>,
): void {
  if (!was || !is || !left) return
  const about = (what: string) => `${said.machineId} ${what}`
  const known = new Set(was.holds.map(hold => hold.id))
  const placed = is.holds.filter(hold => !known.has(hold.id))
  say(about('unchanged'), said.unchanged, was.generation === is.generation)
  say(
    about('places'),
    said.places === null ? [] : [said.places],
    placed.map(hold => (hold.drainId === null ? 'cordon' : 'drain')),
  )
  say(about('lifts'), said.lifts.length, was.unlifted.filter(id => !is.unlifted.includes(id)).length)
  const texts = (holds: SaidHold[]) => holds.map(({ ownerKind, reason }) => `${ownerKind}: ${reason}`).sort()
  say(about('keeps'), texts(said.remaining), texts(is.holds.filter(hold => known.has(hold.id))))
  say(about('ends its drain'), said.endsDrain, was.drain !== null && is.drain?.id !== was.drain.id)
  const isSame = was.drain !== null && is.drain !== null && was.drain.id === is.drain.id
  say(about('sets a deadline'), said.setsDeadline, isSame && was.drain?.deadlineAt !== is.drain?.deadlineAt)
  say(about('sets an override'), said.setsOverride, isSame && !was.drain?.overridden && is.drain?.overridden === true)
  if (!disturbed) say(about('holds'), said.serviceInstances, was.reserved)
  // Told to go at once, or by the reconciler of a drain that is forced: then nothing is left.
  const isForced = is.drain?.force === true && was.drain?.force === false
  say(
    about('stops what is there'),
    said.stops,
    isForced || (is.phase === 'releasing' && is.revoked > 0) || (said.stops && was.reserved === 0),
  )
  if (said.stops) say(about('is emptied'), 0, left.reserved)
  if (billing && !said.unchanged && was.usedUntil === null && is.usedUntil !== null)
    say(about('is billed until'), secondsOf(billing.endsAt), secondsOf(is.usedUntil))
}

const secondsOf = (at: string): number => Temporal.Instant.from(at).epochMilliseconds / 1000

// ── services ──

export const compareImpact = (said: SaidService, course: Course): string[] =>
  differencesOf(say => compareService(say, said, course))

const fateOf: Record<string, SaidInstance['fate']> = {
  ...{
    drained: 'moves',
    updated: 'moves',
    restarted: 'moves',
    evicted: 'moves',
    process_restarted: 'restarts',
    scaled_in: 'finishes',
    paused: 'finishes',
  },
  ...{ stopped: 'stops', revoked: 'stops', lost: 'stops' },
}

function compareService(say: Say, said: SaidService, { disturbed, before, rest, events }: Course): void {
  const of = (world: World) => world.instances.filter(one => one.serviceId === said.serviceId)
  const [was, is] = [of(before).filter(isThere), of(rest).filter(isThere)]
  const about = (what: string) => `${said.name} ${what}`
  const running = was.filter(one => one.routed).length
  const fewest = fewestRouted(was, events)
  const service = rest.services.find(one => one.id === said.serviceId)
  const floor = service ? floorOf({ ...service, replicas: said.replicas }) : said.floor
  // Counts may have moved since the look, as long as no line was crossed.
  if (!disturbed) say(about('running'), said.running, running)
  if (!disturbed) say(about('running at the worst moment'), said.runningAfter, fewest)
  say(about('floor'), said.floor, floor)
  say(about('falls below its floor'), said.belowFloor, fewest < floor && fewest < running)
  say(about('loses the last one'), said.losesLast, running > 0 && fewest === 0)
  const spare = is.filter(one => !was.some(({ id }) => id === one.id) && !was.some(({ id }) => id === one.replacesId))
  const stopped: { said: string; happened: string | null }[] = []
  for (const instance of was) {
    const told = said.instances.find(one => one.serviceInstanceId === instance.id) ?? null
    const successor = is.find(one => one.replacesId === instance.id)
    const machine = rest.machines.find(one => one.id === instance.machineId)
    const fate = fateNow(instance, { said: told, was, is, events, isDraining: machine?.drain != null })
    say(about(`${instance.id} on ${instance.machineId}`), told?.fate ?? 'stays', fate)
    if (told === null || fate === null) continue
    const happened = whereOf(successor)
    const where = plain({ toMachineId: told.toMachineId, noRoom: noRoomOf(told.noRoom) })
    if (told.fate === 'stops' && !successor) stopped.push({ said: where, happened: null })
    else say(about(`${instance.id} goes`), JSON.parse(where), JSON.parse(happened))
  }
  // What is made in nobody's place comes for those that were stopped, whichever of them.
  const nowhere = plain({ toMachineId: null, noRoom: null })
  const come = spare.map(whereOf)
  const wanted = stopped.map(one => one.said).filter(where => where !== nowhere)
  for (const where of wanted) {
    const at = come.indexOf(where)
    if (at === -1) say(about('comes for what was stopped'), JSON.parse(where), come)
    else come.splice(at, 1)
  }
  say(about('comes for so many that were stopped'), wanted.length, Math.min(spare.length, stopped.length))
}

const isThere = ({ phase }: Instance): boolean => phase !== 'ended'

const whereOf = (successor: Instance | undefined): string =>
  plain({ toMachineId: successor?.machineId ?? null, noRoom: noRoomOf(successor?.waitingReason ?? null) })

const noRoomOf = (reason: NoRoom | null): NoRoom | null => {
  if (reason === null) return null
  const { code, message, missing, nearestMachineId, helps, machines } = reason
  return { code, message, missing, nearestMachineId, helps, machines }
}

/** Why it left the routes, or ended; of one that comes back only where it does not leave for good afterwards. */
function exitOf(events: readonly Event[], { id, phase }: Instance): string | null {
  if (phase === 'leaving' || phase === 'stopping') return null
  const exits = events.filter(
    one => one.subjectId === id && /^service_instance\.(leaving|stopping|ended)$/.test(one.kind),
  )
  const exit = exits.find(one => one.because !== 'process_restarted') ?? exits[0]
  return exit ? (exit.because ?? 'lost') : null
}

interface Fated {
  said: SaidInstance | null
  was: readonly Instance[]
  is: readonly Instance[]
  events: readonly Event[]
  isDraining: boolean
}

function fateNow(instance: Instance, { said, was, is, events, isDraining }: Fated): SaidInstance['fate'] | 'stays' {
  if (instance.machineId === null) return 'stays'
  // On its way out before: how it ends is not new.
  if (instance.phase === 'leaving' || instance.phase === 'stopping') return said?.fate ?? 'stays'
  const because = exitOf(events, instance)
  if (because !== null) return fateOf[because] ?? 'stays'
  // It is to move, but for the room, or for the turn of others.
  const isBegun = is.some(one => one.replacesId === instance.id && !was.some(({ id }) => id === one.id))
  return isDraining || isBegun ? 'moves' : 'stays'
}

function fewestRouted(was: readonly Instance[], events: readonly Event[]): number {
  const routed = new Set(was.filter(one => one.routed).map(one => one.id))
  const own = new Set(was.map(one => one.serviceId))
  let fewest = routed.size
  for (const { kind, subjectId, serviceId } of events) {
    if (serviceId === null || !own.has(serviceId)) continue
    if (kind === 'service_instance.ready') routed.add(subjectId)
    else if (/^service_instance\.(not_ready|leaving|ended)$/.test(kind)) routed.delete(subjectId)
    fewest = Math.min(fewest, routed.size)
  }
  return fewest
}

function floorOf({ replicas, strategy }: Pick<Service, 'replicas' | 'strategy'>): number {
  const given = strategy?.max_unavailable ?? 1
  const may = typeof given === 'number' ? given : Math.ceil((replicas * Number.parseInt(given, 10)) / 100)
  return replicas === 0 ? 0 : Math.max(1, replicas - may)
}

// ── an update ──

export const compareUpdate = (
  said: SaidOfUpdate,
  serviceId: string,
  { before, done, rest, events }: Course,
): string[] =>
  differencesOf(say => {
    const [was, is] = [before, done].map(world => world.services.find(one => one.id === serviceId))
    if (!was || !is) return
    const changed = was.version !== is.version ? 'version' : was.replicas !== is.replicas ? 'scale' : 'none'
    say('effect', said.effect, changed)
    say('version', said.version, is.version)
    say('replicas', said.replicas, is.replicas)
    if (changed === 'none' || is.desired !== 'running') return
    const own = before.instances.filter(one => one.serviceId === serviceId && one.machineId !== null)
    const members = own.filter(one => one.phase === 'starting' || one.phase === 'ready')
    const mine = events.filter(one => one.serviceId === serviceId)
    const created = mine.filter(one => one.kind === 'service_instance.created')
    // All that one look at the service made is written in one transaction.
    const first = mine.find(one => /^service_instance\.(created|leaving|stopping|ended)$/.test(one.kind))?.tx
    const begun = created.filter(one => one.tx === first).map(one => one.subjectId)
    say('starts at first', said.wanted, begun.length)
    const answers = begun.map(id => mine.find(one => one.subjectId === id && /\.(placed|waiting)$/.test(one.kind)))
    say('finds room', said.fits, answers.filter(one => one?.kind.endsWith('placed')).length)
    const short = answers.find(one => one?.kind.endsWith('waiting'))?.reason ?? null
    say('short', noRoomOf(said.shortage), noRoomOf(short as NoRoom | null))
    const exits = members.map(one => ({ one, because: exitOf(events, one) }))
    const isTooMany = (because: string | null) => because === 'scaled_in' || because === 'paused'
    say('ends', said.ended, exits.filter(({ because }) => isTooMany(because)).length)
    const isOld = (one: Instance) => one.version !== is.version || one.restartGeneration !== is.restartGeneration
    const heads = exits.filter(
      ({ one }) => !before.instances.some(other => other.id === one.replacesId && isMember(other)),
    )
    say('replaces', said.replaced, heads.filter(({ one, because }) => isOld(one) && !isTooMany(because)).length)
    say('lets old ones end first', said.mayEndFirst, short !== null && begun.some(id => wentFirst(rest, mine, id)))
  })

/** What this one was to replace left while it waited. */
function wentFirst(rest: World, events: readonly Event[], id: string): boolean {
  const replacesId = rest.instances.find(one => one.id === id)?.replacesId
  const left = events.find(one => one.subjectId === replacesId && one.kind === 'service_instance.leaving')
  const placed = events.find(one => one.subjectId === id && one.kind === 'service_instance.placed')
  return left !== undefined && (placed === undefined || left.id < placed.id)
}

const isMember = ({ phase }: Instance): boolean => phase === 'waiting' || phase === 'starting' || phase === 'ready'
