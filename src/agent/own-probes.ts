// Our own probes, so that they are not taken for clients: both ports of each, from its beginning until the kernel shows neither of
// its ends. A server may keep its own for a while after we have closed ours.
import type { Socket } from 'node:net'

export interface Ports {
  client: number
  server: number
}

/** Where nobody counts, nobody sees them gone. */
const closedMax = 10_000

const open = new Set<string>()
const closed = new Set<string>()

const keyOf = ({ client, server }: Ports): string => `${client} ${server}`

export function rememberProbe(socket: Socket): void {
  socket.once('connect', () => {
    const { localPort: client, remotePort: server } = socket
    if (client === undefined || server === undefined) return
    const key = keyOf({ client, server })
    closed.delete(key)
    open.add(key)
    socket.once('close', () => {
      open.delete(key)
      closed.add(key)
      const [oldest = key] = closed
      if (closed.size > closedMax) closed.delete(oldest)
    })
  })
}

export const isOwnProbe = (ports: Ports): boolean => open.has(keyOf(ports)) || closed.has(keyOf(ports))

/** Those of which the kernel may show one end still, and no more than that. */
export const closedProbes = (): string[] => [...closed]

/** Of those that had closed before the kernel was asked, it shows these. */
export function forgetAllBut(shown: readonly Ports[], asked: readonly string[]): void {
  const kept = new Set(shown.map(keyOf))
  for (const key of asked) if (!kept.has(key)) closed.delete(key)
}
