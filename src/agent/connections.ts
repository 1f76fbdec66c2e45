// Open TCP connections by local port: the last guard before a stop. Counted are ESTABLISHED (01), and CLOSE_WAIT (08),
// where the client has finished sending and may still wait for its answer.
import { readFile } from 'node:fs/promises'
import { probingFrom } from './health.ts'

const openStates = new Set(['01', '08'])

/** Connections by port of this host; null where the kernel does not tell (no /proc). The agent's probes do not count. */
export async function countConnections(): Promise<Map<number, number> | null> {
  if (process.platform !== 'linux') return null
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map(path => readFile(path, 'latin1').catch(() => '')),
  )
  const counts = new Map<number, number>()
  for (const line of tables.flatMap(table => table.split('\n').slice(1))) {
    const [, local, remote, state] = line.trim().split(/\s+/)
    if (!openStates.has(state ?? '') || probingFrom.has(portIn(remote))) continue
    counts.set(portIn(local), (counts.get(portIn(local)) ?? 0) + 1)
  }
  return counts
}

const portIn = (address = ''): number => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
