// Before a server of the API closes: who keeps a connection is told to leave by the next answer, so that no request is on its way into
// one that is being closed.
import type { FastifyInstance } from 'fastify'

/** Answers what begins it. */
export function sendsOff(app: FastifyInstance): () => void {
  let leaves = false
  app.addHook('onSend', async (_request, reply) => {
    if (leaves) reply.header('connection', 'close')
  })
  return () => {
    leaves = true
  }
}
