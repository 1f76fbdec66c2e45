// Where a real API server asks for logs: a kubelet's own HTTPS address, of which only that is served.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from '../../certificates.ts'
import type { NodeDouble } from './node-double.ts'

export interface KubeletServer {
  host: string
  port: number
  serve(nodes: NodeDouble): void
  close(): Promise<void>
}

export async function openKubeletServer(): Promise<KubeletServer> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-kubelet-'))
  makeCertificate(directory, 'kubelet')
  const [cert, key] = ['crt', 'key'].map(ending => readFileSync(join(directory, `kubelet.${ending}`)))
  rmSync(directory, { recursive: true })
  let nodes: NodeDouble | null = null
  const server = createServer({ cert, key }, (req, res) => {
    const url = new URL(req.url ?? '', 'https://kubelet')
    const [, what, namespace, pod, container = ''] = url.pathname.split('/')
    url.searchParams.set('container', container)
    const answers = what === 'containerLogs' && nodes?.answerLog(`${namespace}/${pod}`, url.searchParams, res)
    if (!answers) res.writeHead(404).end()
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  return {
    ...{ host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    serve: own => {
      nodes = own
    },
    close: () => {
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
