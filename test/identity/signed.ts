// What the tests of signatures share: a context on a database with both first keys, and a way to catch what a client sends.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Ctx } from '../../src/db/ctx.ts'
import { type FirstKeys, firstStart } from '../../src/identity/bootstrap.ts'
import { Passwords } from '../../src/identity/passwords.ts'
import { SecretBox } from '../../src/identity/secret-box.ts'
import { type SignedRequest, verifySigned } from '../../src/identity/verify-request.ts'
import { signAcs3 } from '../../src/lib/acs3.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { invariant } from '../../src/lib/invariant.ts'
import { silentLog } from '../../src/lib/log.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { type FreshDb, freshDb } from '../postgres.ts'

export interface Bench<C extends Clock> {
  fresh: FreshDb
  ctx: Ctx & { clock: C }
  box: SecretBox
  passwords: Passwords
  keys: FirstKeys
}

export async function makeBench<C extends Clock>(clock: C, max = 10): Promise<Bench<C>> {
  const fresh = await freshDb({ max })
  const ctx = { db: fresh.db, clock, random: new SeededRandom('identity'), log: silentLog }
  const box = new SecretBox(ctx.random.bytes(32), ctx.random)
  const passwords = new Passwords(ctx.random, { parameters: { memoryKib: 64, passes: 1 } })
  const keys = await firstStart(ctx, box, passwords)
  invariant(keys, 'a fresh database has had no first start')
  return { fresh, ctx, box, passwords, keys }
}

export interface Caught extends SignedRequest {
  body: Buffer
}

export const withBody = (request: Omit<SignedRequest, 'bodySha256' | 'bodyMd5'>, body: Buffer): Caught => ({
  ...request,
  body,
  bodySha256: createHash('sha256').update(body).digest('hex'),
  bodyMd5: createHash('md5').update(body).digest('base64'),
})

async function catchRequest(message: IncomingMessage): Promise<Caught> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const url = message.url ?? ''
  const at = url.indexOf('?')
  return withBody(
    {
      method: message.method ?? '',
      path: at < 0 ? url : url.slice(0, at),
      rawQuery: at < 0 ? '' : url.slice(at + 1),
      rawHeaders: message.rawHeaders,
    },
    Buffer.concat(chunks),
  )
}

/** A server that verifies what it is sent and answers who signed it; `caught` keeps the requests. */
export async function startVerifier(bench: Bench<Clock>) {
  const caught: Caught[] = []
  const server = createServer(async (message, response) => {
    const request = await catchRequest(message)
    caught.push(request)
    response.setHeader('content-type', 'application/json')
    try {
      const principal = await verifySigned(bench.ctx, bench.box, request)
      response.end(JSON.stringify({ ...principal, Query: request.rawQuery }))
    } catch (error) {
      response.statusCode = 403
      response.end(JSON.stringify({ Code: (error as { code?: string }).code, Message: (error as Error).message }))
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    caught,
    port: (server.address() as AddressInfo).port,
    close: () => new Promise(resolve => server.close(resolve).closeAllConnections()),
  }
}

let nonces = 0

/** A request signed by our own client side, as the server would receive it. */
export function ownRequest(
  key: { accessKeyId: string; secret: string },
  date: Temporal.Instant,
  over: { method?: string; url?: string; body?: string; nonce?: string } = {},
): Caught {
  const url = new URL(over.url ?? 'http://berth.test/api/v2/resources?PageSize=2')
  const body = Buffer.from(over.body ?? '')
  const headers = signAcs3({
    ...key,
    method: over.method ?? 'GET',
    url,
    headers: { 'x-acs-action': 'ListResources' },
    bodySha256: createHash('sha256').update(body).digest('hex'),
    nonce: over.nonce ?? `nonce-${++nonces}`,
    date,
  })
  return withBody(
    {
      method: over.method ?? 'GET',
      path: url.pathname,
      rawQuery: url.search.slice(1),
      rawHeaders: Object.entries(headers).flat(),
    },
    body,
  )
}
