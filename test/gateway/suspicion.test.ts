// An endpoint that hangs gets nothing as soon as it does not answer its health check's path either; one that is only slow
// keeps its place, and one that hung is taken again once it answers.
import type http from 'node:http'
import { expect, test } from 'vitest'
import { aRoute, ask, httpUpstream, startWith, until } from './gateway-harness.ts'

const path = '/api/predict/digits'

async function aPair(first: http.RequestListener, second: http.RequestListener) {
  const one = await httpUpstream(first)
  const other = await httpUpstream(second)
  for (const { endpoint } of [one, other]) endpoint.healthPath = '/health'
  const { port } = await startWith([aRoute([one.endpoint, other.endpoint])])
  const sent = () => one.requests.filter(request => request !== 'GET /health').length
  const asked = () => one.requests.filter(request => request === 'GET /health').length
  return { port, sent, asked }
}

test('one that answers nobody gets no more requests while another answers, and is taken again once it answers', async () => {
  const held: http.ServerResponse[] = []
  let hangs = true
  const { port, sent, asked } = await aPair(
    (_request, response) => {
      if (hangs) held.push(response)
      else response.end('one')
    },
    (_request, response) => response.end('other'),
  )
  // Of two idle ones it gets half of the first few.
  const first = Array.from({ length: 12 }, () => ask(port, path))
  await until(() => sent() > 0, 'it has some')
  await until(() => asked() >= 2, 'it is asked, and asked again')
  const before = sent()
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(port, path)))
  expect(answers.map(answer => answer.body)).toEqual(Array(40).fill('other'))
  expect(sent()).toBe(before)

  hangs = false
  for (const response of held) response.end('one')
  await Promise.all(first)
  // One after the other, until the next look has cleared it.
  let body = ''
  while (body !== 'one') body = (await ask(port, path)).body
})

test('one that is slow, and answers its health check, keeps its place', async () => {
  const held: http.ServerResponse[] = []
  const slow: http.RequestListener = (request, response) => {
    if (request.url === '/health') response.end()
    else held.push(response)
  }
  const { port, sent, asked } = await aPair(slow, slow)
  const waiting = Array.from({ length: 6 }, () => ask(port, path))
  await until(() => asked() >= 2, 'it is asked, and asked again')
  const before = sent()
  expect(before).toBeGreaterThan(0)
  const more = Array.from({ length: 60 }, () => ask(port, path))
  await until(() => sent() > before, 'it gets more')
  const all = Promise.all([...waiting, ...more])
  let done = false
  void all.then(() => {
    done = true
  })
  await until(() => {
    for (const response of held.splice(0)) response.end('one')
    return done
  }, 'all are answered')
})
