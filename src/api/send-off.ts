// Before a server of the API closes: who keeps a connection is told to leave by the next answer, so that no request is on its way into
// one that is being closed.
import type { FastifyInstance } from 'fastify'

/** Answers what begins it, which resolves as soon as nobody is connected. */
export function sendsOff(app: FastifyInstance): () => Promise<void> {
  let connections = 0
  let leaves = false
  let left = () => {}
  const emptied = new Promise<void>(resolve => {
    left = resolve
  })
  app.server.on('connection', socket => {
    connections++
    socket.once('close', () => {
      connections--
      if (leaves && connections === 0) left()
    })
  })
  app.addHook('onSend', async (_request, reply, payload) => {
    if (leaves) reply.header('connection', 'close')
    return payload
  })
  return () => {
    leaves = true
    if (connections === 0) left()
    return emptied
  }
}
