import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { sendsOff } from '../../src/api/send-off.ts'

test('a server that is about to close tells who keeps a connection to leave with the next answer', async () => {
  const app = Fastify()
  const begin = sendsOff(app)
  app.get('/here', () => ({ here: true }))
  const asked = async () => {
    const { statusCode, headers } = await app.inject('/here')
    return [statusCode, headers.connection]
  }
  expect(await asked()).toEqual([200, 'keep-alive'])
  begin()
  expect(await asked()).toEqual([200, 'close'])
})
