// Whether anybody answers at an endpoint: at its health check's path, with whatever status, since whether it is ready is
// control's question; where it has none, whether it takes a connection.
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Endpoint } from '../../services/routes/route.ts'

const timeoutMs = 300

export const answersAnything = (endpoint: Endpoint): Promise<boolean> => {
  const path = endpoint.healthPath ?? null
  return path === null ? takesConnections(endpoint) : answersAt(endpoint, path)
}

export function answersAt({ host, port }: Endpoint, path: string): Promise<boolean> {
  return new Promise(resolve => {
    const signal = AbortSignal.timeout(timeoutMs)
    const headers = { 'user-agent': 'berth-gateway', connection: 'close' }
    const req = request({ host, port, path, method: 'GET', agent: false, signal, headers })
    req.once('response', response => {
      resolve(true)
      response.destroy()
    })
    req.once('error', () => resolve(false))
    req.end()
  })
}

function takesConnections({ host, port }: Endpoint): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const ends = (taken: boolean): void => {
      resolve(taken)
      socket.destroy()
    }
    socket.setTimeout(timeoutMs, () => ends(false))
    socket.once('connect', () => ends(true))
    socket.once('error', () => ends(false))
  })
}
