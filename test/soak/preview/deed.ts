// What a person does to a fleet: each deed as the API is called for it, and where it has a preview, as that is asked for.
import type { Dice } from '../dice.ts'
import { type Fleet, sizeOf } from './fleet.ts'
import type { World } from './look.ts'
import type { Answer, Stage } from './stage.ts'

export interface Deed {
  kind: string
  /** In words, for who reads of a difference. */
  about: string
  target: { machineIds: string[] } | { serviceId: string }
  /** `previewId`: of the preview that was shown; undefined: none was. */
  act(previewId?: string): Promise<Answer<unknown>>
  /** null: it has none. */
  preview: (() => Promise<Answer<Said>>) | null
  /** It is said that fewer may serve meanwhile, or none; absent: it is not asked. */
  acceptsGap?: boolean
}

/** As the API answers a preview. */
export interface Said {
  previewId: string
  [field: string]: unknown
}

const wishes = ['cordon', 'uncordon', 'drain', 'extendDrain', 'cancelDrain', 'overrideDrain', 'forceDrain'] as const
const ofDrain = new Set<string>(['extendDrain', 'cancelDrain', 'overrideDrain', 'forceDrain'])

export function drawDeed(stage: Stage, fleet: Fleet, world: World): Deed {
  const { dice } = fleet
  const service = dice.oneOf(world.services.filter(one => one.desired !== 'deleted' || dice.chance(10)))
  if (!service || dice.chance(2)) return drawMachineDeed(stage, fleet, world)
  const draw = dice.weighted([
    [3, scale],
    [3, update],
    [2, use],
    [2, abort],
    [2, stop],
    [1, remove],
    [2, steer],
    [3, restartProcess],
  ])
  const own = world.instances.filter(one => one.serviceId === service.id && one.phase !== 'ended')
  const instanceId = dice.oneOf(own)?.id ?? 'nobody'
  return draw({ stage, fleet, serviceId: service.id, name: service.name, version: service.version, instanceId, dice })
}

/** What has no preview, or is done without one. */
export function drawDisturbance(stage: Stage, fleet: Fleet, world: World): Deed {
  const { dice } = fleet
  const stopped = dice.oneOf(world.services.filter(one => one.desired === 'stopped'))
  if (!stopped || dice.chance(3)) return drawDeed(stage, fleet, world)
  const start = () => stage.call(fleet.id, `POST /v1/services/{service}/start`, { params: { service: stopped.id } })
  const target = { serviceId: stopped.id }
  return { kind: 'start', about: `start ${stopped.name}`, target, act: start, preview: null }
}

function drawMachineDeed(stage: Stage, { id, dice }: Fleet, world: World): Deed {
  const action = dice.weighted([
    ...wishes.map(wish => [wish === 'drain' ? 6 : 3, wish] as const),
    [2, 'release' as const],
    [3, 'releaseForced' as const],
  ])
  const living = world.machines.filter(machine => machine.phase !== 'released' || dice.chance(20))
  const all = living.length > 0 ? living : world.machines
  const fitting = all.filter(machine => machine.drain !== null && ofDrain.has(action))
  const wanted = fitting.length > 0 && !dice.chance(6) ? fitting : all
  const count = dice.weighted([
    [4, 1],
    [2, 2],
    [1, 3],
  ])
  const machineIds = [...new Set(Array.from({ length: count }, () => dice.oneOf(wanted)?.id ?? ''))]
  const force = action === 'releaseForced'
  const about = `${action} ${machineIds.join(' ')}`
  const asked = action === 'release' || force ? { action: 'release', machineIds, force } : { action, machineIds }
  return {
    ...{ kind: action, about, target: { machineIds } },
    preview: () => stage.call<Said>(id, 'POST /v1/machines/preview', { body: asked }),
    act: previewId => {
      const body = { machineIds, reason: 'a drawn one', ...(previewId === undefined ? {} : { previewId }) }
      if (asked.action === 'release') return stage.call(id, 'POST /v1/machines/release', { body: { ...body, force } })
      return stage.call(id, 'POST /v1/machines/actions', { body: { ...body, action } })
    },
  }
}

interface OfService {
  stage: Stage
  fleet: Fleet
  serviceId: string
  name: string
  version: number
  /** One of its instances. */
  instanceId: string
  dice: Dice
}

/** `POST /v1/services/{service}/…` and what it takes beside the previewId. */
function ofService(
  { stage, fleet, serviceId, name }: OfService,
  kind: string,
  operations: { act: string; preview: string | null },
  { params = {}, body, previewBody }: { params?: object; body?: object; previewBody?: object } = {},
): Deed {
  const path = { service: serviceId, ...params }
  const shownIn = (previewId?: string) => (previewId === undefined ? {} : { previewId })
  const { act, preview } = operations
  return {
    ...{ kind, about: `${kind} ${name} ${JSON.stringify(body ?? params)}`, target: { serviceId } },
    act: previewId => {
      const shown = shownIn(previewId)
      return stage.call(fleet.id, act, { params: path, ...(body ? { body: { ...body, ...shown } } : { query: shown }) })
    },
    preview:
      preview === null
        ? null
        : async () => {
            const asked = { params: path, ...(previewBody ? { body: previewBody } : {}) }
            const answer = await stage.call<Said & { impact?: Said }>(fleet.id, preview, asked)
            return answer.did?.impact ? { did: answer.did.impact, refused: null } : answer
          },
  }
}

const previewOfService = 'POST /v1/services/{service}/preview'

function scale(of: OfService): Deed {
  const replicas = of.dice.below(7)
  const operations = { act: 'POST /v1/services/{service}/scale', preview: previewOfService }
  return ofService(of, 'scale', operations, { body: { replicas }, previewBody: { action: 'scale', replicas } })
}

const stop = (of: OfService): Deed =>
  ofService(
    of,
    'stop',
    { act: 'POST /v1/services/{service}/stop', preview: previewOfService },
    { previewBody: { action: 'stop' } },
  )

const remove = (of: OfService): Deed =>
  ofService(
    of,
    'delete',
    { act: 'DELETE /v1/services/{service}', preview: previewOfService },
    { previewBody: { action: 'delete' } },
  )

function update(of: OfService): Deed {
  const { dice } = of
  const command = { containers: [{ command: `serve ${dice.below(1_000)}` }] }
  const config = dice.weighted<object>([
    [4, command],
    [3, { metadata: sizeOf(dice) }],
    [2, { ...command, metadata: { instance: 1 + dice.below(5) } }],
    [1, { metadata: { instance: dice.below(6) } }],
  ])
  const operations = { act: 'PUT /v1/services/{service}', preview: 'POST /v1/services/{service}/check' }
  return ofService(of, 'update', operations, { body: { config }, previewBody: { config } })
}

function use(of: OfService): Deed {
  const path = '/v1/services/{service}/versions/{version}'
  const operations = { act: `POST ${path}/use`, preview: `POST ${path}/check` }
  return ofService(of, 'use', operations, { params: { version: 1 + of.dice.below(of.version) } })
}

const abort = (of: OfService): Deed =>
  ofService(of, 'abort', {
    act: 'POST /v1/services/{service}/rollout/abort',
    preview: 'POST /v1/services/{service}/rollout/abort/preview',
  })

function restartProcess(of: OfService): Deed {
  const acceptGap = of.dice.chance(2)
  const act = 'POST /v1/services/{service}/instances/{serviceInstanceId}/restart'
  const deed = ofService(
    of,
    'restart process',
    { act, preview: `${act}/preview` },
    {
      params: { serviceInstanceId: of.instanceId },
      body: { mode: 'process', acceptGap },
      previewBody: { acceptGap },
    },
  )
  return { ...deed, about: `${deed.about} ${of.instanceId}`, acceptsGap: acceptGap }
}

/** What is done without a preview. */
function steer(of: OfService): Deed {
  const kind = of.dice.oneOf(['pause', 'resume', 'restart'] as const) ?? 'restart'
  const path = kind === 'restart' ? 'restart' : `rollout/${kind}`
  const operations = { act: `POST /v1/services/{service}/${path}`, preview: null }
  return ofService(of, kind, operations, kind === 'pause' ? { body: { reason: 'a drawn one' } } : {})
}
