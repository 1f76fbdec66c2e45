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
      settled.includes(seen.status) || seen.rollout?.phase === 'failing' || seen.rollout?.phase === 'paused'
        ? null
        : { text: `${seen.status}: ${seen.reason}`, done: seen.running, of: seen.replicas },
  })
}

/** null: there is none of this id any more. */
export async function findService(session: Session, serviceId: string): Promise<Service | null> {
  try {
    return await session.call('GET /v1/services/{service}', { params: { service: serviceId } })
  } catch (error) {
    if (isRefusal(error, 'ServiceNotFound')) return null
    throw error
  }
}
