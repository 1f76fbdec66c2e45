// Reads the log of one instance from its tail on, each second from where the last answer ended. Keeps the newest lines only:
// all of them are in the download.
import { useEffect, useState } from 'react'
import { call, type Refused } from '../../api.ts'

const everyMs = 1_000
const linesAtOnce = 2_000
const keptAtMost = 20_000

export interface Log {
  /** Of which instance, once it is known. */
  serviceInstanceId: string | null
  lines: readonly string[]
  read: boolean
  error: Refused | null
}

const nothing: Log = { serviceInstanceId: null, lines: [], read: false, error: null }

/**
 * `serviceInstanceId` null: the newest at first; then the same one. Offsets are those of one of its processes: where that was
 * followed by another, it is read to its end first.
 */
export function useLog(service: string, serviceInstanceId: string | null): Log {
  const [log, setLog] = useState(nothing)
  useEffect(() => {
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let of = serviceInstanceId
    let offset: number | undefined
    let restartCount: number | undefined
    setLog(nothing)
    const read = (more: { offset?: number; restartCount?: number }) => {
      const query = { limit: linesAtOnce, ...(of === null ? {} : { serviceInstanceId: of }), ...more }
      return call('GET /v1/services/{service}/logs', { params: { service }, query }, abort.signal)
    }
    const next = async () => {
      let page = await read(offset === undefined ? {} : { offset })
      if (offset !== undefined && restartCount !== undefined && page.restartCount !== restartCount) {
        const rest = await read({ offset, restartCount })
        page = rest.lines.length > 0 ? rest : await read({ offset: 0, restartCount: page.restartCount })
      }
      of = page.serviceInstanceId
      offset = page.nextOffset
      restartCount = page.restartCount
      return page
    }
    const look = async () => {
      let waitMs = everyMs
      try {
        const page = await next()
        if (page.lines.length >= linesAtOnce) waitMs = 0
        setLog(before => appended(before, page))
      } catch (error) {
        if (abort.signal.aborted) return
        setLog(before => ({ ...before, error: error as Refused }))
      }
      if (!abort.signal.aborted) timer = setTimeout(() => void look(), waitMs)
    }
    void look()
    return () => {
      abort.abort()
      clearTimeout(timer)
    }
  }, [service, serviceInstanceId])
  return log
}

function appended(before: Log, page: { serviceInstanceId: string; lines: string[] }): Log {
  const lines = page.lines.length === 0 ? before.lines : [...before.lines, ...page.lines].slice(-keptAtMost)
  return { serviceInstanceId: page.serviceInstanceId, lines, read: true, error: null }
}

/** The whole log, from its first byte. */
export async function wholeLog(service: string, serviceInstanceId: string): Promise<Blob> {
  const parts: string[] = []
  let restartCount: number | undefined
  for (let offset = 0; ; ) {
    const query = { serviceInstanceId, offset, limit: 5_000, ...(restartCount === undefined ? {} : { restartCount }) }
    const page = await call('GET /v1/services/{service}/logs', { params: { service }, query })
    for (const line of page.lines) parts.push(line, '\n')
    restartCount = page.restartCount
    if (page.lines.length === 0 || page.nextOffset <= offset) return new Blob(parts, { type: 'text/plain' })
    offset = page.nextOffset
  }
}
