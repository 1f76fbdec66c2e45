// One real request to a service instance before it gets traffic: ready by the driver's word, and answering by our own.
import { request } from 'node:http'
import { messageOf } from '../../lib/errors.ts'

/** null when it answered; else why not. Without a path any answer in HTTP will do. */
export function probe(host: string, port: number, path: string | null, timeoutMs: number): Promise<string | null> {
  return new Promise(resolve => {
    const signal = AbortSignal.timeout(timeoutMs)
    const headers = { 'user-agent': 'berth-probe', connection: 'close' }
    const req = request({ host, port, path: path ?? '/', method: 'GET', agent: false, signal, headers })
    req.once('response', response => {
      const status = response.statusCode ?? 0
      resolve(path === null || (status >= 200 && status < 400) ? null : `GET ${path} answered ${status}`)
      response.destroy()
    })
    req.once('error', error => resolve(`GET ${path ?? '/'}: ${messageOf(error)}`))
    req.end()
  })
}
