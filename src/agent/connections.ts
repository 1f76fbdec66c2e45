// Open TCP connections by local port: the last guard before a stop. Counted are ESTABLISHED (01), and CLOSE_WAIT (08),
// where the client has finished sending and may still wait for its answer.
import { readFile } from 'node:fs/promises'
import { probingFrom } from './health.ts'

/** A line of the kernel's table: both addresses, and a state in which somebody may wait for an answer. */
const openLine = /^ *\d+: ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]+:[0-9A-F]{4}) (?:01|08) /gm

/** Connections by port of this host; null where the kernel does not tell (no /proc). The agent's probes do not count. */
export async function countConnections(): Promise<Map<number, number> | null> {
  const open = await listOpen()
  return open && count(open.filter(({ remote }) => !probingFrom.has(portIn(remote))).map(({ local }) => local))
}

/**
 * Of ports that something else serves for us on this host: seen from the server's end where that is a socket of this host
 * (a proxy), and from the client's, where packets are sent on to another network. Whichever end shows more.
 */
export async function countForwarded(): Promise<Map<number, number> | null> {
  const [open, counts] = [await listOpen(), await countConnections()]
  if (open === null || counts === null) return null
  const clients = open.filter(({ local, remote }) => isLoopback(remote) && !probingFrom.has(portIn(local)))
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
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map(path => readFile(path, 'latin1').catch(() => '')),
  )
  return tables.flatMap(table =>
    [...table.matchAll(openLine)].map(([, local = '', remote = '']) => ({ local, remote })),
  )
}

function count(addresses: readonly string[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const address of addresses) counts.set(portIn(address), (counts.get(portIn(address)) ?? 0) + 1)
  return counts
}

/** 127.0.0.1 as the kernel writes it, byte by byte from the last, alone or mapped into IPv6. */
const isLoopback = (address: string): boolean => /(^|FFFF0000)0100007F:/i.test(address)

const portIn = (address: string): number => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
