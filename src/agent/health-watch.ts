// Looking after the health of what runs, in whatever way it runs: until it is ready or its time to start is over, then for as
// long as it lives. Ready and not ready are told as they change; one that fails for too long is ended.
import type { Clock } from '../lib/clock.ts'
import type { HealthCheck } from './protocol.ts'

export interface HealthWatch {
  clock: Clock
  check: HealthCheck
  startedAt: string
  /** null when ready, else why not. */
  probe(): Promise<string | null>
  /** False once it has ended, is told to, or is no longer ours to watch. */
  live(): boolean
  everReady(): boolean
  setReady(ready: boolean): void
  end(cause: { reason: 'StartTimeout' | 'Unhealthy'; message: string }): Promise<void>
  pause(ms: number): Promise<void>
}

const startingPeriodMs = 100

export async function watchHealth(watch: HealthWatch): Promise<void> {
  const { clock, check } = watch
  const waitedMs = clock.now().since(Temporal.Instant.from(watch.startedAt)).total('milliseconds')
  const deadlineMs = clock.monotonicMs() + check.startTimeoutMs - Math.max(0, waitedMs)
  const { periodMs, confirmMs = periodMs, endAfterMs = Number.POSITIVE_INFINITY } = check
  let failures = 0
  let failingSinceMs = 0
  while (watch.live()) {
    const beganMs = clock.monotonicMs()
    const reason = await watch.probe()
    if (!watch.live()) return
    if (failures === 0) failingSinceMs = beganMs
    failures = reason === null ? 0 : failures + 1
    if (reason === null || failures >= check.failureThreshold) watch.setReady(reason === null)
    if (!watch.everReady() && clock.monotonicMs() >= deadlineMs)
      return watch.end({ reason: 'StartTimeout', message: `not ready in ${check.startTimeoutMs} ms: ${reason}` })
    if (watch.everReady() && failures > 0 && clock.monotonicMs() - failingSinceMs >= endAfterMs)
      return watch.end({ reason: 'Unhealthy', message: `its health check failed for ${endAfterMs} ms: ${reason}` })
    const pauseMs = failures > 0 ? Math.min(periodMs, confirmMs) : periodMs
    await watch.pause(watch.everReady() ? pauseMs : Math.min(periodMs, startingPeriodMs))
  }
}
