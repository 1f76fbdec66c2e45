// Waiting for what a service was told to become, and saying how it went.
import type { Operations } from '../client/client.ts'
import { isRefusal } from '../lib/errors.ts'
import type { WaitingOptions } from './command.ts'
import { WorkFailed } from './failure.ts'
import { printFields, printJson } from './output.ts'
import { watch } from './progress.ts'
import type { Session } from './session.ts'

export type Service = Operations['GET /v1/services/{service}']['returns']

/** The statuses in which nothing more comes by itself. */
const settled = ['Running', 'Stopped', 'Failed']

export async function showRollout(
  session: Session,
  service: Service,
  options: WaitingOptions & { json: boolean },
): Promise<void> {
  const seen = options.wait ? await awaitService(session, service.serviceId, options.timeout * 1000) : service
  if (options.json) printJson(seen)
  else {
    printFields({
      service: seen.serviceId,
      name: seen.name,
      status: `${seen.status}: ${seen.reason}`,
      version: seen.version,
      endpoint: seen.endpoint,
    })
  }
  requireNotFailed(seen)
}

/** Throws where the rollout or the service failed, with the ways on. */
export function requireNotFailed(seen: Service): void {
  if (seen.rollout?.phase === 'failing') {
    const ways = `\`berth service abort ${seen.name}\` goes back, \`berth service resume ${seen.name}\` tries again`
    throw new WorkFailed(`The rollout failed and is paused: ${ways}; \`berth logs ${seen.name} --previous\` shows why.`)
  }
  if (seen.status === 'Failed')
    throw new WorkFailed(`The service failed; \`berth logs ${seen.name} --previous\` shows why.`)
}

export function awaitService(session: Session, serviceId: string, timeoutMs: number): Promise<Service> {
  return watch({
    what: `service ${serviceId}`,
    timeoutMs,
    look: () => session.call('GET /v1/services/{service}', { params: { service: serviceId } }),
    step: seen =>
      isSettled(seen) ? null : { text: `${seen.status}: ${seen.reason}`, done: seen.running, of: seen.replicas },
  })
}

const isSettled = ({ status, rollout }: Service): boolean =>
  settled.includes(status) || rollout?.phase === 'failing' || rollout?.phase === 'paused'

export const getServices = (session: Session, names: readonly string[]): Promise<Service[]> =>
  Promise.all(names.map(service => session.call('GET /v1/services/{service}', { params: { service } })))

export const awaitServices = (session: Session, names: readonly string[], timeoutMs: number): Promise<Service[]> =>
  watch({
    what: names.join(', '),
    timeoutMs,
    look: () => getServices(session, names),
    step(seen) {
      const [first, ...others] = seen.filter(one => !isSettled(one))
      if (first === undefined) return null
      const text = `${first.name} ${first.status}: ${first.reason}`
      return { text, done: seen.length - others.length - 1, of: seen.length }
    },
  })

/** By id or name; null: there is none (any more). */
export async function findService(session: Session, service: string): Promise<Service | null> {
  try {
    return await session.call('GET /v1/services/{service}', { params: { service } })
  } catch (error) {
    if (isRefusal(error, 'ServiceNotFound')) return null
    throw error
  }
}
