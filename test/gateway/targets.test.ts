// Odd request targets, and fields that tell where a request comes from.
import { expect, test } from 'vitest'
import { aRoute, get, httpUpstream, key, RawClient, startWith } from './gateway-harness.ts'

const path = '/api/predict/digits'
const fields = `Host: gateway\r\nAuthorization: ${key}\r\n\r\n`

async function seenBy(target: string): Promise<[string | undefined, string | undefined]> {
  const upstream = await httpUpstream((_request, response) => response.end())
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port).send(`GET ${target} HTTP/1.1\r\n${fields}`)
  await client.sees('\r\n\r\n')
  return [client.statuses[0], upstream.requests[0]]
}

test.each([
  ['a service without more', path, '/'],
  ['a query alone', `${path}?a=/b?c`, '/?a=/b?c'],
  ['an empty query', `${path}?`, '/?'],
  ['an absolute form', `http://gateway${path}/x?y`, '/x?y'],
  ['an absolute form of another scheme and spelling', `HTTPS://GATEWAY${path}/x`, '/x'],
  ['two slashes', `${path}//x`, '//x'],
  ['percent-encoded parts, a slash and a NUL among them', `${path}/%2e%2F%00%7e`, '/%2e%2F%00%7e'],
  ['dot segments', `${path}/../other/./x`, '/../other/./x'],
  ['what only looks like another service', `${path}/..%2fother`, '/..%2fother'],
  ['reserved characters', `${path}/a;b=c,d:e@f!$&'()*+[]|\\^\`{}"<>`, `/a;b=c,d:e@f!$&'()*+[]|\\^\`{}"<>`],
])('%s below a service is passed on as it was sent', async (_what, target, rest) => {
  expect(await seenBy(target)).toEqual(['200', `GET ${rest}`])
})

test.each([
  ['no service', '/api/predict/', '404'],
  ['no service but a query', '/api/predict/?digits', '404'],
  ['the path without its last slash', '/api/predict', '404'],
  ['two slashes before the service', '/api/predict//digits', '404'],
  ['two slashes at the beginning', '//api/predict/digits', '404'],
  ['a service that is percent-encoded', '/api/predict/dig%69ts', '404'],
  ['a path that is percent-encoded', '/api%2Fpredict/digits', '404'],
  ['an encoded slash after the service', '/api/predict/digits%2Fx', '404'],
  ['dot segments before the service', '/x/../api/predict/digits', '404'],
  ['dot segments instead of a service', '/api/predict/../predict/digits', '404'],
  ['a parameter of the service', '/api/predict/digits;x=1', '404'],
  ['other letters', '/api/predict/DIGITS', '404'],
  ['an asterisk with GET', '*', '400'],
  ['an authority', 'gateway:80', '400'],
  ['an absolute form without a path', 'http://gateway', '400'],
  ['an absolute form of another scheme', `ftp://gateway${path}`, '400'],
])('%s names nothing that is served', async (_what, target, status) => {
  expect(await seenBy(target)).toEqual([status, undefined])
})

test('OPTIONS * asks the gateway itself, and needs no key', async () => {
  const { port } = await startWith([])
  const client = new RawClient(port).send(
    'OPTIONS * HTTP/1.1\r\nHost: g\r\n\r\nGET /healthz HTTP/1.1\r\nHost: g\r\n\r\n',
  )
  await client.sees('200 OK\r\n')
  expect(client.statuses).toEqual(['200', '200'])
})

test('a method that is not served is told which are', async () => {
  const { port } = await startWith([])
  const client = new RawClient(port).send('TRACE / HTTP/1.1\r\nHost: g\r\n\r\n')
  await client.end()
  expect(client.text).toMatch(/^HTTP\/1.1 405 [\s\S]*allow: GET, POST, HEAD, PUT, DELETE, PATCH, OPTIONS\r\n/)
})

const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

async function traceOf(more: string): Promise<Record<string, string>> {
  const upstream = await httpUpstream((request, response) => response.end(JSON.stringify(request.headers)))
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port).send(get(path, more))
  await client.sees('}')
  const { traceparent, tracestate } = JSON.parse(/\{.*\}/.exec(client.text)?.[0] ?? '')
  return { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) }
}

test.each([
  ['as it should be', good],
  ['not sampled', good.replace(/01$/, '00')],
  ['of a version to come', `${good.replace('00-', 'cc-')}-what-the-future-holds`],
])('a trace told %s is passed on with its state', async (_what, traceparent) => {
  const state = 'Tracestate: a=1\r\nTracestate: b=2\r\n'
  expect(await traceOf(`Traceparent: ${traceparent}\r\n${state}`)).toEqual({ traceparent, tracestate: 'a=1, b=2' })
})

test.each([
  ['with a version that is none', `Traceparent: ${good.replace('00-', 'ff-')}\r\n`],
  ['with more than its version has', `Traceparent: ${good}-more\r\n`],
  ['in capitals', `Traceparent: ${good.toUpperCase()}\r\n`],
  ['with a trace of zeros', `Traceparent: 00-${'0'.repeat(32)}-00f067aa0ba902b7-01\r\n`],
  ['with a parent of zeros', `Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01\r\n`],
  ['cut short', `Traceparent: ${good.slice(0, -1)}\r\n`],
  ['twice', `Traceparent: ${good}\r\nTraceparent: ${good}\r\n`],
  ['empty', 'Traceparent:\r\n'],
  ['not at all', ''],
])('a trace told %s is dropped with its state: the instance begins another', async (_what, lines) => {
  expect(await traceOf(`${lines}Tracestate: a=1\r\n`)).toEqual({})
})
