// Where the instances of a service are, for clients that ask them directly: in the two places where EAS's SDKs look. What is sent
// to an instance without the gateway has no limits, is counted nowhere, and is not waited for by a drain's count.
import type { OwnAnswer } from '../http/answers.ts'
import { textOf } from '../http/fields.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { Bearer } from './caller.ts'

const places =
  /^\/(?:api\/v1\/servicediscovery|exported\/apis\/eas\.alibaba-inc\.k8s\.io\/v1)\/upstreams\/([^/?]+)(?:\?.*)?$/
const weight = 100

/** The name of the service that is looked for; null: nothing is looked for. */
export function discoveredName(head: RequestHead, bytes: Buffer): string | null {
  if (head.method !== 'GET' && head.method !== 'HEAD') return null
  return places.exec(textOf(bytes, head.pathStart, head.targetEnd))?.[1] ?? null
}

/** Of a traffic group, those that get requests. */
export function upstreamsOf({ service, split }: Bearer): OwnAnswer {
  const members = service === null ? (split?.serving() ?? []) : [service]
  const items = members.flatMap(({ targets }) =>
    targets.map(({ endpoint: { host, port } }) => ({ ip: host, port, weight })),
  )
  return { status: 200, code: 'OK', message: '', body: JSON.stringify({ endpoints: { items } }) }
}
