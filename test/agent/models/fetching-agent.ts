// An agent that may fetch from this host, as a process of its own: `node fetching-agent.ts <stateDir> <socketPath>`.
import { runAgent } from '../../../src/agent/agent.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { systemRandom } from '../../../src/lib/random.ts'

const [stateDir = '', socketPath = ''] = process.argv.slice(2)
await runAgent({
  ...{ stateDir, socketPath, log: silentLog, clock: systemClock, random: systemRandom },
  models: { allowPrivate: ['127.0.0.0/8'], stores: [] },
})
