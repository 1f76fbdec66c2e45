// How many machines a MachineDeployment of Cluster API is to have, and for whom Berth has raised that. Pure. The number and
// the record of each raise stand on the same object and change in one write, so whoever comes next (the same call again, a
// control plane that starts anew, a second one) finds there what was done, and nothing is raised or lowered twice.
import type { KubeObject } from '../api/objects.ts'

export interface MachineDeployment extends KubeObject {
  spec?: { replicas?: number }
  status?: { replicas?: number; readyReplicas?: number }
}

/** Which MachineDeployment makes nodes of a spec in a zone. */
export interface DeploymentOffer {
  zoneId: string
  specId: string
  namespace: string
  name: string
  /** null: as its annotation of the autoscaler says, else 0. */
  minReplicas: number | null
  /** null: as its annotation of the autoscaler says. With both, the lesser. */
  maxReplicas: number | null
}

/** Of each installation its own, with its id at the end: what it has raised and lowered. */
const notePrefix = 'replicas.berth.dev/'
export const minNote = 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size'
export const maxNote = 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size'
/** All annotations of an object together have 256 KiB; a raise takes some 40 bytes. */
const raisesMax = 3_000
/** Some 50 bytes each; those whose Machine is gone are forgotten long before that. */
export const leavingMax = 2_000

interface Note {
  raised?: Record<string, number>
  chosen?: string[]
  leaving?: string[]
}

export type Going = 'chosen' | 'leaving'

export interface Scale {
  resourceVersion: string
  replicas: number
  min: number
  /** null: nobody says, so it is not raised. */
  max: number | null
  /** Machines that were promised a node of it and have none yet, and since when, in seconds of Unix time. */
  raised: ReadonlyMap<string, number>
  /**
   * Its Machines that go, by name. `chosen`: the number is about to be lowered for its end, and nobody marks another in its place.
   * `leaving`: it was lowered.
   */
  going: ReadonlyMap<string, Going>
  /** Promised by other installations. */
  othersRaised: number
}

export function scaleOf(deployment: MachineDeployment, installationId: string, offer: DeploymentOffer): Scale {
  const { resourceVersion = '', annotations = {} } = deployment.metadata
  const own = noteIn(annotations[notePrefix + installationId])
  const others = Object.keys(annotations).filter(
    key => key.startsWith(notePrefix) && key !== notePrefix + installationId,
  )
  const limits = [offer.maxReplicas, wholeIn(annotations[maxNote])].filter(limit => limit !== null)
  return {
    ...{ resourceVersion, replicas: deployment.spec?.replicas ?? 1 },
    min: offer.minReplicas ?? wholeIn(annotations[minNote]) ?? 0,
    max: limits.length === 0 ? null : Math.min(...limits),
    raised: new Map(Object.entries(own.raised ?? {})),
    going: new Map([...goingAs('leaving', own.leaving), ...goingAs('chosen', own.chosen)]),
    othersRaised: others.reduce((sum, key) => sum + Object.keys(noteIn(annotations[key]).raised ?? {}).length, 0),
  }
}

/** What makes the one of the other; null: nothing is to be written. */
export function scalePatch(before: Scale, after: Scale, installationId: string): object | null {
  const note = noteOf(after)
  if (before.replicas === after.replicas && noteOf(before) === note) return null
  return {
    metadata: { annotations: { [notePrefix + installationId]: note } },
    ...(before.replicas === after.replicas ? {} : { spec: { replicas: after.replicas } }),
  }
}

function noteOf(scale: Scale): string | null {
  if (scale.raised.size + scale.going.size === 0) return null
  const chosen = namesOf(scale, 'chosen')
  const note: Note = { raised: Object.fromEntries(scale.raised), leaving: namesOf(scale, 'leaving') }
  return JSON.stringify(chosen.length === 0 ? note : { ...note, chosen })
}

/** Of its Machines that go. */
export const namesOf = ({ going }: Scale, as: Going): string[] =>
  [...going].filter(([, state]) => state === as).map(([name]) => name)

const goingAs = (state: Going, names: readonly string[] = []): [string, Going][] => names.map(name => [name, state])

/** What somebody else has made of it says nothing. */
function noteIn(text: string | undefined): Note {
  try {
    const note: unknown = JSON.parse(text ?? '{}')
    return typeof note === 'object' && note !== null ? note : {}
  } catch {
    return {}
  }
}

const wholeIn = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : null

/** By how much it may be raised. */
export const roomOf = ({ replicas, max, raised }: Scale): number =>
  Math.max(0, Math.min((max ?? 0) - replicas, raisesMax - raised.size))

/** Nodes that are spoken for: of those that are free, and of those that come. */
export const promisedOf = ({ raised, othersRaised }: Scale): number => raised.size + othersRaised

/** One more for each that has none promised, as far as there is room. */
export function raise(scale: Scale, machineIds: readonly string[], atSeconds: number): Scale {
  const fresh = machineIds.filter(id => !scale.raised.has(id)).slice(0, roomOf(scale))
  const added = fresh.map((id): [string, number] => [id, atSeconds])
  return { ...scale, replicas: scale.replicas + fresh.length, raised: new Map([...scale.raised, ...added]) }
}

/** They have their nodes: what was raised stays. */
export const settle = (scale: Scale, has: (machineId: string) => boolean): Scale => ({
  ...scale,
  raised: new Map([...scale.raised].filter(([id]) => !has(id))),
})

/** What nobody has of it: names of its Machines, and how many that it has not made yet. */
export interface Surplus {
  machines: readonly string[]
  unmade: number
}

/** By how much it is lowered when nothing is promised to these machines any more; not below the least. */
export function dueBack(scale: Scale, machineIds: ReadonlySet<string>): number {
  const ended = [...scale.raised.keys()].filter(id => machineIds.has(id))
  return Math.max(0, Math.min(ended.length, aboveLeast(scale)))
}

/**
 * Nothing is promised to these machines any more. The surplus goes in their place: without it the number stays, so that no node
 * goes that somebody has.
 */
export function takeBack(scale: Scale, machineIds: ReadonlySet<string>, { machines, unmade }: Surplus): Scale {
  const count = dueBack(scale, machineIds)
  const names = machines.filter(name => scale.going.get(name) !== 'leaving').slice(0, count)
  const settled = settle(scale, id => machineIds.has(id))
  const lowered = { ...settled, replicas: settled.replicas - Math.min(unmade, count - names.length) }
  return withoutMachines(lowered, names)
}

const aboveLeast = (scale: Scale): number => scale.replicas - namesOf(scale, 'chosen').length - scale.min

/** The Machine of a node that was given back is to go; not below the least. */
export function choose(scale: Scale, machineId: string, name: string): Scale {
  const settled = settle(scale, id => id === machineId)
  const stays = scale.going.has(name) || aboveLeast(scale) <= 0 || scale.going.size >= leavingMax
  return stays ? settled : { ...settled, going: new Map([...scale.going, [name, 'chosen']]) }
}

/** It was chosen, and is marked: one less, once. */
export function giveUp(scale: Scale, name: string): Scale {
  return scale.going.get(name) === 'chosen' ? withoutMachines(scale, [name]) : scale
}

const withoutMachines = (scale: Scale, names: readonly string[]): Scale => ({
  ...scale,
  replicas: scale.replicas - names.length,
  going: new Map([...scale.going, ...goingAs('leaving', names)]),
})

/** The number stays: what was chosen and has gone without us is made anew. */
export const forget = (scale: Scale, isGone: (name: string) => boolean): Scale => ({
  ...scale,
  going: new Map([...scale.going].filter(([name]) => !isGone(name))),
})

/** How many more could be sold. */
export const stockOf = (free: number, scale: Scale): number => Math.max(0, free - promisedOf(scale)) + roomOf(scale)

/** Who may have free nodes: those to whom they are promised, and others as far as more are free than are promised. */
export function entitled<T extends { machineId: string }>(requests: readonly T[], free: number, scale: Scale): T[] {
  const { promised = [], others = [] } = Object.groupBy(requests, ({ machineId }) =>
    scale.raised.has(machineId) ? 'promised' : 'others',
  )
  return [...promised, ...others.slice(0, Math.max(0, free - promisedOf(scale)))]
}
