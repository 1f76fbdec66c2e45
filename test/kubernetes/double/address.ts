// What a request asks for, by its path, its method and its query.
import type { IncomingMessage } from 'node:http'

export interface Asked {
  verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'
  group: string
  version: string
  plural: string
  /** `group/plural`. */
  kind: string
  namespace: string | undefined
  name: string | undefined
  subresource: string | undefined
  query: URLSearchParams
  metadataOnly: boolean
}

/** null: no object of the API is addressed. */
export function askedOf({ method = 'GET', url = '/', headers }: IncomingMessage): Asked | null {
  const { pathname, searchParams: query } = new URL(url, 'http://double')
  const [root, ...rest] = pathname
    .split('/')
    .filter(step => step !== '')
    .map(decodeURIComponent)
  const group = root === 'apis' ? rest.shift() : root === 'api' ? '' : undefined
  const version = rest.shift()
  if (group === undefined || version === undefined || rest.length === 0) return null
  // A namespace itself has the same beginning.
  const within = rest[0] === 'namespaces' && rest.length > 2 && !namespaceSubresources.has(rest[2] ?? '')
  const namespace = within ? rest[1] : undefined
  const [plural = '', name, subresource] = within ? rest.slice(2) : rest
  const verb = verbOf(method, name !== undefined, query)
  const metadataOnly = headers.accept?.includes('as=PartialObjectMetadataList') ?? false
  const kind = `${group}/${plural}`
  return { verb, group, version, plural, kind, namespace, name, subresource, query, metadataOnly }
}

const namespaceSubresources = new Set(['status', 'finalize'])

function verbOf(method: string, named: boolean, query: URLSearchParams): Asked['verb'] {
  switch (method) {
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return named ? 'delete' : 'deletecollection'
    default:
      return ['true', '1'].includes(query.get('watch') ?? '') ? 'watch' : named ? 'get' : 'list'
  }
}
