import { expect, test } from 'vitest'
import {
  aRoute,
  type RawClient as Client,
  echo,
  get,
  httpUpstream,
  RawClient,
  rawUpstream,
  startWith,
  until,
} from './gateway-harness.ts'
import { bodyForms, headForms, otherStatusForms } from './smuggling-forms.ts'

const path = '/api/predict/digits'

async function answerTo(port: number, text: string): Promise<Client> {
  // A whole good request follows each form: a parser that finds another end of the form would answer it.
  const client = new RawClient(port).send(text + get(`${path}/second`))
  await client.end()
  return client
}

test('every head that two servers may read differently is refused, its connection ended, and the instance not asked', async () => {
  const upstream = await httpUpstream(echo)
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const control = new RawClient(port).send(get(path))
  await control.sees('200 OK') // Else the forms below would be refused for another reason.
  const forms = [...headForms, ...otherStatusForms]
  expect(forms.length).toBeGreaterThanOrEqual(60)
  for (const { what, text, status } of forms) {
    const client = await answerTo(port, text)
    expect([what, ...client.statuses]).toEqual([what, status ?? '400'])
    expect(client.text).toContain('connection: close')
  }
  expect(upstream.requests).toEqual(['GET /'])
  // An instance that refuses them as well would have hidden it, had it been asked.
  expect(upstream.connections).toBe(1)
})

test('chunk framing that is bad cuts both sides, and what follows is not read as a request', async () => {
  let ended = 0
  const upstream = await rawUpstream(socket => {
    socket.on('data', data => expect(String(data)).not.toContain('/second'))
    socket.on('close', () => ended++)
  })
  const { port } = await startWith([aRoute([upstream.endpoint])])
  for (const { what, text } of bodyForms) {
    const client = await answerTo(port, text)
    expect([what, ...client.statuses]).toEqual([what, '400'])
  }
  await until(() => ended === upstream.connections, 'every connection to the instance is cut')
})

test('the same bad framing is found when it comes byte by byte', async () => {
  const upstream = await httpUpstream(echo)
  const { port } = await startWith([aRoute([upstream.endpoint])])
  for (const { what, text } of bodyForms) {
    const client = new RawClient(port)
    for (const byte of text) client.send(byte)
    await client.end()
    expect([what, ...client.statuses]).toEqual([what, '400'])
  }
})

test('a GET with a body is never the last thing on a connection that another request gets', async () => {
  const seen: string[] = []
  const upstream = await httpUpstream((request, response) => {
    seen.push(String(request.headers.connection))
    echo(request, response)
  })
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port).send(`${get(path, 'Content-Length: 4\r\n')}abcd`)
  await client.sees('\r\n\r\nabcd')
  client.send(get(path))
  await until(() => upstream.requests.length === 2, 'the second request is with the instance')
  expect(seen).toEqual(['close', 'undefined'])
  expect(upstream.connections).toBe(2)
})

test('fields that only proxies may set are not taken from clients', async () => {
  const upstream = await httpUpstream((request, response) => response.end(JSON.stringify(request.headers)))
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const forged =
    'X-Forwarded-For: 1.2.3.4\r\nX_Forwarded_For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n'
  const hop =
    'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Connection: x\r\nTE: trailers\r\n'
  const client = new RawClient(port).send(get(path, `${forged}${hop}X-Kept: yes\r\n`))
  await client.sees('}')
  const headers = JSON.parse(client.text.slice(client.text.indexOf('{'), client.text.indexOf('}') + 1))
  expect(headers).toEqual({
    host: 'gateway',
    'x-kept': 'yes',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
  })
})
