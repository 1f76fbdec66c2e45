// Where a model is, as people write it: an absolute path, file://, http(s)://, s3:// or oss://, the last four with an
// optional `#sha256=…` that the bytes must have. Pure; what may be fetched is decided where it is fetched.

export type ModelUrl =
  | { kind: 'file'; path: string }
  | { kind: 'web'; url: string; sha256: string | null }
  /** In a store that speaks S3's protocol, OSS among them. */
  | { kind: 'object'; bucket: string; key: string; sha256: string | null }

export type FetchedUrl = Exclude<ModelUrl, { kind: 'file' }>

/** `problem` completes "model_path …". */
export function parseModelUrl(text: string): ModelUrl | { problem: string } {
  if (text.startsWith('/')) return { kind: 'file', path: text }
  const url = URL.parse(text)
  if (url === null) return { problem: 'must be an absolute path or a URL: file, http, https, s3 or oss' }
  if (url.username !== '' || url.password !== '') {
    return {
      problem: 'must hold no user or password: sign the URL, or ask the operator to name the store in berth.yaml',
    }
  }
  if (url.protocol === 'file:') return filePathOf(url)
  const hash = sha256Of(url)
  if (hash !== null && typeof hash === 'object') return hash
  url.hash = ''
  switch (url.protocol) {
    case 'http:':
    case 'https:':
      return { kind: 'web', url: url.href, sha256: hash }
    case 's3:':
    case 'oss:':
      return objectOf(url, hash)
    default:
      return { problem: `has the scheme ${url.protocol.slice(0, -1)}: give a path, or file, http, https, s3 or oss` }
  }
}

function filePathOf(url: URL): ModelUrl | { problem: string } {
  if (url.host !== '') return { problem: 'names a host: a file URL has three slashes, as file:///models/a.onnx' }
  try {
    return { kind: 'file', path: decodeURIComponent(url.pathname) }
  } catch {
    return { problem: 'holds a broken percent escape' }
  }
}

/** The fragment is not sent to any server: only what we know may stand in it. */
function sha256Of(url: URL): string | null | { problem: string } {
  if (url.hash === '') return null
  const [, hex] = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash) ?? []
  return hex?.toLowerCase() ?? { problem: 'may end in #sha256= and 64 hexadecimal digits, and in no other fragment' }
}

function objectOf(url: URL, sha256: string | null): ModelUrl | { problem: string } {
  // EAS also writes the endpoint behind the bucket; which one it is says the operator's setting.
  const bucket = url.hostname.replace(/\.oss-[a-z0-9-]+\.aliyuncs\.com$/, '')
  let key = ''
  try {
    key = decodeURIComponent(url.pathname.slice(1))
  } catch {
    return { problem: 'holds a broken percent escape' }
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return { problem: `names no bucket: ${bucket || '(none)'}` }
  if (key === '' || key.endsWith('/')) return { problem: 'must name an object below the bucket' }
  if (key.split('/').some(part => part === '.' || part === '..')) return { problem: 'holds "." or ".." in its key' }
  if (url.search !== '') return { problem: 'holds a query, which an object has not' }
  return { kind: 'object', bucket, key, sha256 }
}

/** As it may stand in logs, events and messages: a query can be a signature. */
export function shownUrl(source: FetchedUrl): string {
  if (source.kind === 'object') return `s3://${source.bucket}/${source.key}`
  const { origin, pathname, search } = new URL(source.url)
  return `${origin}${pathname}${search === '' ? '' : '?…'}`
}
