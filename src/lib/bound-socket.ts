// An address that is bound here and accepted from by other processes: they inherit the descriptor, and whoever wants to connect
// waits in its one queue while they come and go. It accepts nothing by itself.
import { lookup } from 'node:dns/promises'
import { closeSync } from 'node:fs'
import { BoundSocket } from 'node:net'

export type { BoundSocket }

/** Bound by who outlives those that accept: the descriptor, or to be adopted. */
export type ListenSocket = { fd: number } | BoundSocket

export async function bindSocket({ host, port }: { host: string; port: number }): Promise<BoundSocket> {
  const { address } = await lookup(host)
  return new BoundSocket({ host: address, port })
}

/** The number stays what it is once a server has adopted the socket. */
export const fdOf = (socket: ListenSocket): number => (socket instanceof BoundSocket ? socket.fd() : socket.fd)

/** This process' end alone, of one that nobody adopted. */
export function closeSocket(socket: ListenSocket): void {
  if (socket instanceof BoundSocket) socket.close()
  else closeSync(socket.fd)
}
