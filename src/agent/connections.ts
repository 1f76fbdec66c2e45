// Open TCP connections by local port: the last guard before a stop. Counted are ESTABLISHED (01), and CLOSE_WAIT (08),
// where the client has finished sending and may still wait for its answer.
import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { closedProbes, forgetAllBut, isOwnProbe, type Ports } from './own-probes.ts'

/** A line of the kernel's table: both addresses, and a state in which somebody may wait for an answer. */
const openLine = /^ *\d+: ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]+:[0-9A-F]{4}) (?:01|08) /gm

/** Connections by port of this host; null where the kernel does not tell (no /proc). The agent's probes do not count. */
export async function countConnections(): Promise<Map<number, number> | null> {
  const open = await listOpen()
  return open && countByServer(open)
}

/**
 * Of ports that something else serves for us on this host: seen from the server's end where that is a socket of this host
 * (a proxy), and from the client's, where packets are sent on to another network. Whichever end shows more.
 */
export async function countForwarded(): Promise<Map<number, number> | null> {
  const open = await listOpen()
  if (open === null) return null
  const counts = countByServer(open)
  const clients = open.filter(({ remote }) => isLoopback(remote))
  for (const [port, seen] of count(clients.map(({ remote }) => remote)))
    counts.set(port, Math.max(seen, counts.get(port) ?? 0))
  return counts
}

interface OpenConnection {
  local: string
  remote: string
}

async function listOpen(): Promise<OpenConnection[] | null> {
  if (process.platform !== 'linux') return null
  const closed = closedProbes()
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map(path => readFile(path, 'latin1').catch(() => '')),
  )
  // A probe that the kernel has connected, and that we have not heard of, is heard of in this turn.
  await setImmediate()
  const open = tables.flatMap(table =>
    [...table.matchAll(openLine)].map(([, local = '', remote = '']) => ({ local, remote })),
  )
  forgetAllBut(open.flatMap(endsOf), closed)
  return open.filter(one => !endsOf(one).some(isOwnProbe))
}

/** Whose end it is is not said: the client's, or the server's. */
function endsOf({ local, remote }: OpenConnection): Ports[] {
  const [own, other] = [portIn(local), portIn(remote)]
  return [
    { client: own, server: other },
    { client: other, server: own },
  ]
}

const countByServer = (open: readonly OpenConnection[]): Map<number, number> => count(open.map(({ local }) => local))

function count(addresses: readonly string[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const address of addresses) counts.set(portIn(address), (counts.get(portIn(address)) ?? 0) + 1)
  return counts
}

/** 127.0.0.1 as the kernel writes it, byte by byte from the last, alone or mapped into IPv6. */
const isLoopback = (address: string): boolean => /(^|FFFF0000)0100007F:/i.test(address)

const portIn = (address: string): number => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
