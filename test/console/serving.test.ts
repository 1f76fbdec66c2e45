// How the built console is served, and what its first page weighs. `npm test` has built it before.
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { consolePrefixes, consoleRoutes } from '../../src/api/console.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { brotliBytes, manifest } from './built.ts'

function server() {
  const app = Fastify()
  consoleRoutes(app, systemRandom)
  return app
}

const anAsset = `/${Object.values(manifest).find(chunk => chunk.isEntry)?.file}`

describe('the console is served', () => {
  test.each(['/', ...consolePrefixes, '/workspaces/ws-1/groups/eas-r-1'])('as a page at %s', async url => {
    const answer = await server().inject({ url })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test('with a policy that runs no inline script, and a nonce that is new for each answer', async () => {
    const app = server()
    const [one, two] = await Promise.all([app.inject({ url: '/' }), app.inject({ url: '/' })])
    const nonceOf = (answer: typeof one): string =>
      /'nonce-([^']+)'/.exec(String(answer.headers['content-security-policy']))?.[1] ?? ''
    expect(one.headers['content-security-policy']).toContain("script-src 'self';")
    expect(one.headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(nonceOf(one)).not.toBe('')
    expect(nonceOf(one)).not.toBe(nonceOf(two))
    expect(one.body).toContain(nonceOf(one))
    expect(one.body).not.toMatch(/<script(?![^>]*\bsrc=)/)
  })

  test('with files that never change, compressed for whoever takes it', async () => {
    const app = server()
    const plain = await app.inject({ url: anAsset })
    const brotli = await app.inject({ url: anAsset, headers: { 'accept-encoding': 'gzip, br' } })
    expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(brotli.headers['content-encoding']).toBe('br')
    expect(brotli.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2)
  })

  test.each([
    '/assets/../index.html',
    '/assets/..%2findex.html',
    '/assets/nothing.js',
    '/assets/index.html',
    '/else',
  ])('and nothing else: %s', async url => {
    expect((await server().inject({ url })).statusCode).toBeGreaterThanOrEqual(400)
  })
})

const listPages = Object.keys(manifest).filter(name => /^pages\/.*(ListPage|AuditPage)\.tsx$/.test(name))

test.each(listPages)('the first load of %s is at most 380 kB of compressed script', page => {
  expect(listPages).toContain('pages/group/GroupListPage.tsx')
  expect(brotliBytes(['index.html', page])).toBeLessThanOrEqual(380_000)
})
