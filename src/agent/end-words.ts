// How the end of a service process is told. Pure.
import type { EndReason, ServiceInstanceSpec } from './protocol.ts'
import type { ServiceRecord } from './service-record.ts'

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface EndCause {
  reason: EndReason
  message: string
}

export const overMemory = ({ memoryMiB }: ServiceInstanceSpec): EndCause => ({
  reason: 'OOMKilled',
  message: `used more than its ${memoryMiB} MiB of memory`,
})

/** By itself. */
export const exited = (exit: Exit | null): EndCause => ({
  reason: 'Exited',
  message:
    exit === null
      ? 'ended by itself; its exit code is unknown, as an earlier agent had started it'
      : `ended by itself ${exit.signal === null ? `with exit code ${exit.code}` : `on ${exit.signal}`}`,
})

/** An end that no agent saw. */
export function unseenEnd({ bootId, stop, spec }: ServiceRecord, now: { bootId: string; oomKills: number }): EndCause {
  if (bootId !== now.bootId) return { reason: 'Unknown', message: 'the host was restarted' }
  if (now.oomKills > 0) return overMemory(spec)
  if (stop !== null) return { reason: 'Stopped', message: 'stopped as asked, while no agent watched it' }
  return { reason: 'Unknown', message: 'ended while no agent watched it' }
}
