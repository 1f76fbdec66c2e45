import { expect, test } from 'vitest'
import { WriteSpace } from '../exchange/write-space.ts'
import { RequestHead } from './request-head.ts'
import { ResponseHead } from './response-head.ts'
import { clientResponse, upstreamRequest } from './rewrite-head.ts'

const space = new WriteSpace()

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')
const none = Buffer.alloc(0)

test('a head is incomplete at every byte before its last, and whole at it', () => {
  const text = 'POST /api/predict/digits/v1?x=1 HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\nX-Long: \t a b \t\r\n\r\n'
  const head = new RequestHead()
  for (let end = 0; end < text.length; end++) {
    expect([end, head.parse(bytesOf(text), 0, end)]).toEqual([end, 'incomplete'])
  }
  expect(head.parse(bytesOf(`${text}abcGET`), 0, text.length + 6)).toBe('ok')
  expect([head.end, head.contentLength, head.bodyKind, head.method]).toEqual([text.length, 3, 'length', 'POST'])
  expect(head.find(bytesOf(text), 'x-long')).toBe('a b')
})

test('an answer’s head is incomplete at every byte before its last, and whole at it', () => {
  const text = 'HTTP/1.1 200 All right\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n'
  const head = new ResponseHead()
  for (let end = 0; end < text.length; end++) {
    expect([end, head.parse(bytesOf(text), 0, end, false, false)]).toEqual([end, 'incomplete'])
  }
  expect(head.parse(bytesOf(text), 0, text.length, false, false)).toBe('ok')
  expect([head.status, head.bodyKind, head.keepAliveSeconds]).toEqual([200, 'chunked', 5])
})

test.each([
  // head, keepAlive, upgrade
  ['GET / HTTP/1.1\r\nHost: g\r\n\r\n', true, false],
  ['GET / HTTP/1.0\r\n\r\n', false, false],
  ['GET / HTTP/1.1\r\nHost: g\r\nConnection: keep-alive, CLOSE\r\n\r\n', false, false],
  ['GET / HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n', true, true],
  ['GET / HTTP/1.1\r\nHost: g\r\nUpgrade: websocket\r\n\r\n', true, false],
  ['POST / HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', true, false],
  ['GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', true, false],
])('%j: kept alive %s, upgraded %s', (text, keepAlive, upgrade) => {
  const head = new RequestHead()
  expect(head.parse(bytesOf(text), 0, text.length)).toBe('ok')
  expect([head.keepAlive, head.upgrade]).toEqual([keepAlive, upgrade])
})

test.each([
  'Content-Length: 1\r\nContent-Length: 1\r\n',
  'Content-Length: 1\r\nX: y\r\nContent-Length: 2\r\n',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
  'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n',
])('a head that says twice where its body ends is refused: %j', fields => {
  const text = `POST / HTTP/1.1\r\nHost: g\r\n${fields}\r\n`
  const head = new RequestHead()
  expect(head.parse(bytesOf(text), 0, text.length)).toBe('refused')
  expect(head.refusal.status).toBe(400)
})

test('a request is passed on with its path, its own fields in their order, and ours', () => {
  const text =
    'POST /api/predict/digits/v1?x=1 HTTP/1.1\r\nAuthorization: key\r\nhOST: g\r\nConnection: close, x-hop\r\nX-Hop: 1\r\n' +
    'X-Forwarded-Proto: https\r\nContent-Length: 3\r\n\r\nabcNEXT'
  const head = new RequestHead()
  const bytes = bytesOf(text)
  expect(head.parse(bytes, 0, bytes.length)).toBe('ok')
  const restStart = text.indexOf('/v1')
  const out = upstreamRequest(head, bytes, restStart, bytesOf('x-ours: 1\r\n'), head.end + 3, false, space).toString()
  expect(out).toBe('POST /v1?x=1 HTTP/1.1\r\nhOST: g\r\nContent-Length: 3\r\nx-ours: 1\r\n\r\nabc')
  const bare = bytesOf('GET /api/predict/digits?x=1 HTTP/1.0\r\n\r\n')
  expect(head.parse(bare, 0, bare.length)).toBe('ok')
  const start = bare.indexOf('?')
  expect(upstreamRequest(head, bare, start, none, head.end, true, space).toString()).toBe(
    'GET /?x=1 HTTP/1.0\r\nconnection: close\r\n\r\n',
  )
})

test('an answer is passed on without what concerns one connection only', () => {
  const text =
    'HTTP/1.0 200 OK\r\nA: 1\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nB: 2\r\nContent-Length: 2\r\n\r\nokREST'
  const head = new ResponseHead()
  const bytes = bytesOf(text)
  expect(head.parse(bytes, 0, bytes.length, false, false)).toBe('ok')
  expect(clientResponse(head, bytes, head.end + 2, true, space).toString()).toBe(
    'HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nContent-Length: 2\r\nconnection: close\r\n\r\nok',
  )
})

test.each([
  [200, '', false, 'until-close'],
  [200, 'Content-Length: 4\r\n', true, 'none'],
  [204, '', false, 'none'],
  [304, 'Content-Length: 4\r\n', false, 'none'],
  [100, '', false, 'none'],
])('an answer %i with %j (to HEAD: %s) has a body of kind %s', (status, fields, toHead, kind) => {
  const bytes = bytesOf(`HTTP/1.1 ${status} X\r\n${fields}\r\n`)
  const head = new ResponseHead()
  expect(head.parse(bytes, 0, bytes.length, toHead, false)).toBe('ok')
  expect(head.bodyKind).toBe(kind)
})
