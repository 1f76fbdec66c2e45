// A server of this process begins to listen, or says why it can not.
import { once } from 'node:events'
import type { ListenOptions, Server } from 'node:net'

/** Rejects as the server fails, such as with `EADDRINUSE`. */
export async function listen(server: Server, where: ListenOptions): Promise<void> {
  server.listen(where)
  await once(server, 'listening')
}

/** null: it does not listen, or at a path. */
export function portOf(server: Pick<Server, 'address'>): number | null {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : null
}
