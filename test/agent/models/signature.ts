// AWS Signature Version 4 as a store checks it, written from its description: shares no code with who signs.
import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export interface StoreKey {
  id: string
  secret: string
  region: string
}

type Signed = Pick<IncomingMessage, 'method' | 'url' | 'headers'>

/** null: it was signed with this key, for this region, over what was asked. */
export function whyNotSigned(req: Signed, key: StoreKey): string | null {
  const [, credential = '', names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(
      req.headers.authorization ?? '',
    ) ?? []
  if (signature === undefined) return 'AccessDenied'
  const date = String(req.headers['x-amz-date'])
  const scope = `${date.slice(0, 8)}/${key.region}/s3/aws4_request`
  if (credential !== `${key.id}/${scope}`) return 'InvalidAccessKeyId'
  const signedNames = names.split(';')
  for (const needed of ['host', 'x-amz-date', 'x-amz-content-sha256']) {
    if (!signedNames.includes(needed)) return 'UnsignedHeader'
  }
  return signatureOf(req, signedNames, date, scope, key) === signature ? null : 'SignatureDoesNotMatch'
}

export function signatureOf(req: Signed, names: string[], date: string, scope: string, key: StoreKey): string {
  const [path = '', query = ''] = (req.url ?? '').split('?')
  const canonical = [
    req.method,
    path,
    query,
    ...names.map(name => `${name}:${String(req.headers[name] ?? '').trim()}`),
    '',
    names.join(';'),
    req.headers['x-amz-content-sha256'],
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  const hmac = (secret: string | Buffer, part: string): Buffer => createHmac('sha256', secret).update(part).digest()
  const signing = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${key.secret}`)
  return createHmac('sha256', signing).update(text).digest('hex')
}
