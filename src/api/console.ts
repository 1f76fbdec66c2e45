// Serves the console that `npm run build:console` made. Assets carry a digest in their name, so they are cached for ever;
// index.html is answered for every address of the console, never cached, with a policy and a nonce of its own: no inline
// script runs, and only styles that the page itself adds.
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Refusal } from '../lib/errors.ts'
import type { Random } from '../lib/random.ts'
import { securityHeaders } from './security-headers.ts'

const built = fileURLToPath(new URL('../../dist/console/', import.meta.url))
const noncePlace = /__BERTH_NONCE__/g

/** Where the console's pages live; console/paths.ts builds addresses below these alone. */
export const consolePrefixes = ['/sign-in', '/workspaces', '/money', '/operator', '/account'] as const

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
}

interface Asset {
  bytes: Buffer
  brotli: Buffer | null
}

export function consoleRoutes(app: FastifyInstance, random: Random): void {
  const assets = new Map<string, Asset>()
  app.get('/assets/:name', async (request, reply) => {
    const { name } = request.params as { name: string }
    const type = types[extname(name)]
    const asset = /^[\w.-]+$/.test(name) && type ? await readAsset(assets, join('assets', name)) : null
    if (!asset || !type) throw notFound(request.url)
    const takesBrotli = /\bbr\b/.test(request.headers['accept-encoding'] ?? '')
    if (asset.brotli && takesBrotli) reply.header('content-encoding', 'br')
    return reply
      .header('vary', 'accept-encoding')
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type(type)
      .send(asset.brotli && takesBrotli ? asset.brotli : asset.bytes)
  })
  app.get('/favicon.svg', async (request, reply) => {
    const asset = await readAsset(assets, 'favicon.svg')
    if (!asset) throw notFound(request.url)
    return reply.header('cache-control', 'public, max-age=86400').type('image/svg+xml').send(asset.bytes)
  })
  const page = (request: FastifyRequest, reply: FastifyReply) => sendIndex(request, reply, random)
  app.get('/', page)
  for (const prefix of consolePrefixes) {
    app.get(prefix, page)
    app.get(`${prefix}/*`, page)
  }
}

const notFound = (url: string) => new Refusal('RouteNotFound', `No operation GET ${url.split('?')[0]}.`)

async function readAsset(assets: Map<string, Asset>, path: string): Promise<Asset | null> {
  const known = assets.get(path)
  if (known) return known
  const bytes = await readFile(join(built, path)).catch(() => null)
  if (!bytes) return null
  const asset = { bytes, brotli: await readFile(join(built, `${path}.br`)).catch(() => null) }
  assets.set(path, asset)
  return asset
}

async function sendIndex(request: FastifyRequest, reply: FastifyReply, random: Random): Promise<FastifyReply> {
  const nonce = Buffer.from(random.bytes(16)).toString('base64')
  const html = await readFile(join(built, 'index.html'), 'utf8').catch(() => null)
  reply.header('cache-control', 'no-store').type('text/html; charset=utf-8')
  if (html === null) return reply.code(503).send(notBuilt)
  return reply
    .headers(securityHeaders({ secure: request.protocol === 'https', nonce }))
    .send(html.replaceAll(noncePlace, nonce))
}

const notBuilt = `<!doctype html><title>Berth</title>
<p>The console is not built yet. Run <code>npm run build:console</code> in Berth's folder, then load this page again.</p>`
