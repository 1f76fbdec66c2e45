// A registry of one image, on loopback: what Docker asks when it pulls, and no more. With a login it gives nothing to others.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const types = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
}

export interface Registry {
  /** The image's name there. */
  image: string
  asked: string[]
  /** Lets go of layers that it was told to hold. */
  release(): void
}

/** `layer` is a gzipped tar, `plain` the same not packed. */
export async function aRegistry(
  { layer, plain }: { layer: Buffer; plain: Buffer },
  { login, hold = false }: { login?: string; hold?: boolean } = {},
): Promise<Registry> {
  const config = Buffer.from(
    JSON.stringify({
      ...{ architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', config: {} },
      rootfs: { type: 'layers', diff_ids: [digestOf(plain)] },
    }),
  )
  const part = (mediaType: string, bytes: Buffer) => ({ mediaType, size: bytes.length, digest: digestOf(bytes) })
  const manifest = Buffer.from(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: types.manifest },
      ...{ config: part(types.config, config), layers: [part(types.layer, layer)] },
    }),
  )
  const blobs = new Map([config, layer, manifest].map(bytes => [digestOf(bytes), bytes]))
  const asked: string[] = []
  const held = Promise.withResolvers<void>()
  if (!hold) held.resolve()
  const wanted = login === undefined ? null : `Basic ${Buffer.from(login).toString('base64')}`

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    asked.push(`${req.method} ${req.url}`)
    if (wanted !== null && req.headers.authorization !== wanted) {
      res.writeHead(401, { 'www-authenticate': 'Basic realm="berth"', 'content-type': 'application/json' })
      res.end(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }))
      return
    }
    const [, kind, name = ''] = /^\/v2\/model\/(manifests|blobs)\/(.+)$/.exec(req.url ?? '') ?? []
    if (req.url === '/v2/') {
      res.end('{}')
      return
    }
    const bytes = kind === 'manifests' && name === '1' ? manifest : blobs.get(name)
    if (bytes === undefined) {
      res.writeHead(404, { 'content-type': 'application/json' })
      res.end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }))
      return
    }
    if (bytes === layer) await held.promise
    const type = kind === 'manifests' ? types.manifest : 'application/octet-stream'
    res.writeHead(200, {
      ...{ 'content-type': type, 'content-length': bytes.length, 'docker-content-digest': digestOf(bytes) },
    })
    res.end(req.method === 'HEAD' ? undefined : bytes)
  }

  const server = createServer((req, res) => void answer(req, res))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    held.resolve()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return { image: `127.0.0.1:${port}/model:1`, asked, release: () => held.resolve() }
}
