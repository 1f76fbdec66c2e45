// What the soak's load sends, one of each hundred by its number: every kind ends as it must, or says what it got instead.
import { Agent, type ClientRequest, request } from 'node:http'
import { connect } from 'node:net'

export interface Target {
  port: number
  accessKey: string
}

export const kinds = {
  get: 55,
  post: 25,
  chunked: 4,
  fresh: 4,
  leftWaiting: 2,
  leftSending: 1,
  stream: 1,
  leftStream: 1,
  upgraded: 1,
  broken: 1,
  refused: 5,
} as const
export type Kind = keyof typeof kinds

/** Spread over each hundred, so that no kind comes in a bunch. */
const order: Kind[] = Object.entries(kinds)
  .flatMap(([kind, count]) => Array.from({ length: count }, (_, n) => ({ kind: kind as Kind, at: (n + 0.5) / count })))
  .toSorted((a, b) => a.at - b.at)
  .map(({ kind }) => kind)
export const kindOf = (n: number): Kind => order[n % order.length] as Kind

/** It gives idle connections up before the gateway does (75 s): a request on one that is just being closed is lost. */
const agent = new Agent({ keepAlive: true, maxSockets: 256, timeout: 30_000 })
const text = 'x'.repeat(2_048)
const large = 'y'.repeat(65_536)

export const idleConnections = (): number =>
  Object.values(agent.freeSockets).reduce((sum, sockets) => sum + (sockets?.length ?? 0), 0)
export const closeConnections = (): void => agent.destroy()

interface Sent {
  path: string
  body?: string
  chunked?: boolean
  fresh?: boolean
  accessKey?: string
}

function open({ port, accessKey }: Target, { path, body, chunked, fresh, ...more }: Sent): ClientRequest {
  const length = body === undefined || chunked === true ? {} : { 'content-length': body.length }
  return request({
    ...{ host: '127.0.0.1', port, path: `/api/predict/${path}`, method: body === undefined ? 'GET' : 'POST' },
    ...{ agent: fresh === true ? false : agent, headers: { authorization: more.accessKey ?? accessKey, ...length } },
  })
}

/** The status and the whole answer. */
function whole(target: Target, sent: Sent): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = open(target, sent)
    asked.once('error', reject)
    asked.once('response', answer => {
      let said = ''
      answer.setEncoding('latin1').on('data', (part: string) => {
        said += part
      })
      answer.once('error', reject)
      answer.once('end', () => resolve(`${answer.statusCode} ${said}`))
    })
    asked.end(sent.body)
  })
}

/** Leaves after so many milliseconds, or with the first bytes of the answer. */
function left(target: Target, sent: Sent, afterMs: number | null): Promise<string> {
  return new Promise(resolve => {
    const asked = open(target, sent)
    const leave = (): void => void asked.destroy()
    asked.once('error', () => {})
    asked.once('close', () => resolve('left'))
    asked.once('response', answer => {
      answer.once('data', leave)
      answer.once('error', () => {})
    })
    if (sent.chunked === true) asked.write('a part')
    else asked.end(sent.body)
    if (afterMs !== null) setTimeout(leave, afterMs)
  })
}

function upgraded({ port, accessKey }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let said = ''
    let turns = 0
    socket.once('error', reject)
    socket.setEncoding('latin1').on('data', (part: string) => {
      said += part
      if (!said.endsWith('\r\n\r\n') && !said.endsWith('ping')) return
      if (++turns > 3) socket.end()
      else setTimeout(() => socket.write('ping'), 200)
    })
    socket.once('close', () => resolve(said.replace(/^HTTP\/1\.1 (\d+)[\s\S]*?\r\n\r\n/, '$1 ')))
    socket.write(
      `GET /api/predict/soak/upgrade HTTP/1.1\r\nHost: soak\r\nAuthorization: ${accessKey}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    )
  })
}

const stream = Array.from({ length: 5 }, (_, n) => `data: ${n + 1}\n\n`).join('')
const broken = '200 half'

/** Null where it went as it must. */
export async function send(target: Target, n: number): Promise<string | null> {
  const kind = kindOf(n)
  const is = async (got: Promise<string>, wanted: string): Promise<string | null> => {
    const found = await got.catch((error: Error) => error.message)
    return found === wanted ? null : `${kind}: ${found.slice(0, 200)}`
  }
  if (kind === 'get') return is(whole(target, { path: 'soak/get' }), '200 ')
  if (kind === 'post') return is(whole(target, { path: 'soak/post', body: text }), `200 ${text}`)
  if (kind === 'chunked') return is(whole(target, { path: 'soak/post', body: large, chunked: true }), `200 ${large}`)
  if (kind === 'fresh') return is(whole(target, { path: 'soak/get', fresh: true }), '200 ')
  if (kind === 'leftWaiting') return is(left(target, { path: 'soak/slow', fresh: true }, 50), 'left')
  if (kind === 'leftSending') {
    return is(left(target, { path: 'soak/slow', body: text, chunked: true, fresh: true }, 50), 'left')
  }
  if (kind === 'stream') return is(whole(target, { path: 'soak/events' }), `200 ${stream}`)
  if (kind === 'leftStream') return is(left(target, { path: 'soak/events', fresh: true }, null), 'left')
  if (kind === 'upgraded') return is(upgraded(target), '101 pingpingping')
  if (kind === 'broken') {
    const got = await whole(target, { path: 'soak/broken', fresh: true }).catch(() => 'cut')
    return got === 'cut' ? null : `${kind}: ${got.slice(0, 200)} (${broken})`
  }
  const got = n % 2 === 0 ? whole(target, { path: 'nobody/get' }) : whole(target, { path: 'soak', accessKey: 'wrong' })
  const status = (await got.catch((error: Error) => error.message)).slice(0, 3)
  return status === (n % 2 === 0 ? '404' : '401') ? null : `${kind}: ${status}`
}
