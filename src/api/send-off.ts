// Before a server of the API closes: who keeps a connection is told to leave by the next answer, so that no request is on its way into
// one that is being closed.
import type { FastifyInstance } from 'fastify'

/** Answers what begins it. */
export function sendsOff(app: FastifyInstance): () => void {
  let leaves = false
  // At once: a stream sends its head before a promise could be waited for.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (leaves) reply.header('connection', 'close')
    done(null, payload)
  })
  return () => {
    leaves = true
  }
}
