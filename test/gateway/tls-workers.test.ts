// Certificates where the gateway has several workers.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import tls from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../bench/gateway/processes.ts'
import { runGateway } from '../../src/gateway/run-gateway.ts'
import { silentLog } from '../../src/lib/log.ts'
import { makeCertificate } from '../certificates.ts'
import { Routes, temporaryDir, until } from './gateway-harness.ts'

const shownAt = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerX509Certificate()?.subject))
      socket.destroy()
    })
    socket.once('error', reject)
  })

test('every worker shows the new certificate once it is told that there is one', async () => {
  const dir = temporaryDir()
  for (const name of ['one', 'two']) makeCertificate(dir, name)
  const routes = new Routes(`${dir}/c.sock`, [])
  await routes.server.listen()
  onTestFinished(() => routes.server.close())
  const port = await freePort()
  const gateway = await runGateway({
    ...{ host: '127.0.0.1', port: 0, control: { path: routes.path }, routesDir: dir, workers: 2, gatewayId: 'gw' },
    tls: { host: '127.0.0.1', port, certificates: [{ certificate: join(dir, 'one.crt'), key: join(dir, 'one.key') }] },
    ...{ stopGraceMs: 1_000, handOverGraceMs: 60_000, log: silentLog },
  })
  onTestFinished(() => gateway.close())
  await routes.acknowledged(1, 2)
  expect(await shownAt(port)).toBe('CN=one')
  for (const end of ['crt', 'key']) copyFileSync(join(dir, `two.${end}`), join(dir, `one.${end}`))
  gateway.reloadTls()
  let shown: string[] = []
  const look = async () => {
    shown = await Promise.all(Array.from({ length: 20 }, () => shownAt(port)))
  }
  for (await look(); shown.includes('CN=one'); ) await look()
  expect(new Set(shown)).toEqual(new Set(['CN=two']))
  await until(() => routes.server.gateways().length === 2, 'both workers go on')
})
