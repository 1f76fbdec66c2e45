// Readiness of a service process: its port takes a connection and, where a path is given, GET answers 2xx or 3xx.
import { request } from 'node:http'
import { connect } from 'node:net'
import { messageOf } from '../lib/errors.ts'
import { rememberProbe } from './own-probes.ts'
import type { HealthCheck } from './protocol.ts'

/**
 * null when ready, else why not, in words. `holdMs`: behind a proxy, which takes every connection and drops those that
 * nobody answers, one counts only once it has stayed open for so long.
 */
export async function probe(host: string, port: number, check: HealthCheck, holdMs = 0): Promise<string | null> {
  try {
    await (check.path === null
      ? probePort(host, port, check.timeoutMs, holdMs)
      : probePath(host, port, check.path, check.timeoutMs))
    return null
  } catch (error) {
    return messageOf(error)
  }
}

function probePort(host: string, port: number, timeoutMs: number, holdMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    rememberProbe(socket)
    const late = () => socket.destroy(new Error(`port ${port} did not answer in ${timeoutMs} ms`))
    const taken = () => {
      resolve()
      socket.destroy()
    }
    let timer = setTimeout(late, timeoutMs)
    socket.once('connect', () => {
      if (holdMs === 0) return taken()
      clearTimeout(timer)
      timer = setTimeout(taken, holdMs)
    })
    const dropped = () => reject(new Error(`port ${port} drops connections: nothing listens behind it`))
    if (holdMs > 0) socket.once('end', dropped).resume()
    socket.once('error', reject)
    socket.once('close', () => clearTimeout(timer))
  })
}

function probePath(host: string, port: number, path: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // A deadline for the whole exchange: `timeout` alone would let a server drip bytes for ever.
    const signal = AbortSignal.timeout(timeoutMs)
    const req = request({ host, port, path, agent: false, signal, headers: { 'user-agent': 'berth-health' } })
    req.once('socket', rememberProbe)
    req.once('response', response => {
      const status = response.statusCode ?? 0
      if (status >= 200 && status < 400) resolve()
      else reject(new Error(`GET ${path} answered ${status}`))
      response.destroy()
    })
    req.once('error', error => reject(signal.aborted ? new Error(`GET ${path} took over ${timeoutMs} ms`) : error))
    req.end()
  })
}
