// A PostgreSQL of this host for a Berth in the cluster: the embedded one, whose socket is offered at an address that pods reach.
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../../src/db/embedded.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { temporaryRoot } from '../../temporary.ts'

/** Its URL as pods use it; it goes as `open` is closed. */
export async function hostDatabase(host: string, open: AsyncDisposableStack): Promise<string> {
  const dataDir = mkdtempSync(join(temporaryRoot, 'berth-in-cluster-'))
  open.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  chmodSync(dataDir, 0o755)
  const binariesDir = join(tmpdir(), `berth-binaries-${process.getuid?.() ?? 0}`)
  const server = await startEmbedded({ dataDir, binariesDir, log: silentLog, settings: { max_connections: '300' } })
  open.defer(() => server.stop())
  const { host: directory, port, user, database } = server.config
  const offered = await offer(join(directory, `.s.PGSQL.${port}`), host, open)
  return `postgres://${user}@${host}:${offered}/${database}`
}

async function offer(socketPath: string, host: string, open: AsyncDisposableStack): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const server = connect(socketPath)
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket)
      socket
        .on('error', () => {})
        .once('close', () => {
          sockets.delete(socket)
          other.destroy()
        })
      socket.pipe(other)
    }
  })
  server.listen(0, host)
  await once(server, 'listening')
  open.defer(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}
