// An agent as a process of its own, for tests that kill it: `node agent-process.ts <stateDir> <socketPath> <limits>`.
import { runAgent } from '../../src/agent/agent.ts'
import type { LimitMode } from '../../src/agent/limits.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'

const [stateDir = '', socketPath = '', limits] = process.argv.slice(2)
await runAgent({
  ...{ stateDir, socketPath, log: silentLog, clock: systemClock, random: systemRandom },
  ...(limits === undefined ? {} : { limits: limits as LimitMode }),
})
