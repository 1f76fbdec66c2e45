// An object of a bucket as a request to the store that the operator named for it, signed with the operator's key (AWS
// Signature Version 4, which OSS takes too). The key never leaves this process.
import aws4 from 'aws4'
import type { FetchedUrl } from '../../lib/model-url.ts'
import type { ModelSettings, ObjectStore } from './model-settings.ts'

type ObjectUrl = Extract<FetchedUrl, { kind: 'object' }>

/** null: no store of this installation has it. */
export function storeOf({ stores }: ModelSettings, { bucket, key }: ObjectUrl): ObjectStore | null {
  const path = `${bucket}/${key}`
  return stores.find(store => store.buckets.some(each => path.startsWith(`${each}/`))) ?? null
}

export function objectAddress({ endpoint, pathStyle }: ObjectStore, { bucket, key }: ObjectUrl): URL {
  const url = new URL(endpoint)
  const path = key.split('/').map(encodeSegment).join('/')
  if (pathStyle) url.pathname = `/${bucket}/${path}`
  else {
    url.hostname = `${bucket}.${url.hostname}`
    url.pathname = `/${path}`
  }
  return url
}

/** As the signature has it: everything but letters, digits and `-._~`. */
const encodeSegment = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** The headers of a GET, signed at `now`. */
export function signedHeaders(
  { accessKey, region }: ObjectStore,
  url: URL,
  headers: Record<string, string>,
  now: Temporal.Instant,
): Record<string, string> {
  if (accessKey === null) return headers
  const at = now.toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '')
  const signed = aws4.sign(
    {
      ...{ service: 's3', region, method: 'GET', host: url.host, path: url.pathname },
      headers: { ...headers, 'X-Amz-Date': at, 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' },
    },
    { accessKeyId: accessKey.id, secretAccessKey: accessKey.secret },
  )
  return signed.headers as Record<string, string>
}
