// The last guard before a stop counts clients, and never takes a probe of ours for one.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { countConnections, countForwarded } from '../../src/agent/connections.ts'
import { probe } from '../../src/agent/health.ts'
import { until } from './harness.ts'

const check = { path: null, startTimeoutMs: 1_000, periodMs: 50, timeoutMs: 1_000, failureThreshold: 1 }

/** A server that keeps its end of a connection open when the client has closed its own. */
async function aServer(): Promise<{ port: number; accepted: Set<Socket> }> {
  const accepted = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, socket => accepted.add(socket.resume()))
  onTestFinished(() => {
    for (const socket of accepted) socket.destroy()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, accepted }
}

if (process.platform === 'linux') describe('open connections', suite)
else test('open connections', context => context.skip('a kernel other than Linux does not tell of them'))

function suite(): void {
  test.each([
    ['by the server’s end', countConnections],
    ['by either end', countForwarded],
  ])('a probe that the server has not let go of yet is no client, %s', async (_, counted) => {
    const { port, accepted } = await aServer()
    expect(await probe('127.0.0.1', port, check)).toBe(null)
    await until('it is accepted', async () => accepted.size === 1)
    const openNow = async () => (await counted())?.get(port) ?? 0
    expect([await openNow(), await openNow()]).toEqual([0, 0])
    const client = connect(port, '127.0.0.1')
    await once(client, 'connect')
    expect(await openNow()).toBe(1)
    client.destroy()
  })

  test('however many begin and end while it is counted', async () => {
    const { port } = await aServer()
    const counts: number[] = []
    let counting = true
    const probes = [1, 2, 3, 4].map(async () => {
      while (counting) await probe('127.0.0.1', port, check)
    })
    while (counts.length < 5) counts.push((await countForwarded())?.get(port) ?? 0)
    counting = false
    await Promise.all(probes)
    expect(counts).toEqual([0, 0, 0, 0, 0])
  })
}
