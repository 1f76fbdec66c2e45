// The gateway of the soak, a process of its own, with --expose-gc: tells what it holds when it is asked.
import { startGateway } from '../../../src/gateway/gateway.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { socketsHeld } from './sockets.ts'

/** What the process holds once nothing that can be given up is left. */
export interface Held {
  rssMib: number
  heapMib: number
  /** Outside the heap: of buffers and of what V8 knows of. */
  externalMib: number
  timers: number
  sockets: number
  /** What listens, and the connections to control and to the soak. */
  others: number
}

const mib = 2 ** 20
const [path = '', routesFile = ''] = process.argv.slice(2)
const accessLog = { share: 0.01, perSecond: 100, bytesMax: mib, filesKept: 2, path: `${routesFile}.access` }
const gateway = await startGateway({
  ...{ gatewayId: 'soak', host: '127.0.0.1', port: 0, control: { path }, routesFile, accessLog },
  ...{ clock: systemClock, random: systemRandom, log: silentLog },
})

function held(): Held {
  global.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const found = { timers: 0, sockets: socketsHeld(), others: 0 }
  for (const name of process.getActiveResourcesInfo()) {
    if (name === 'Timeout') found.timers++
    // Work of the moment: a file that is written.
    else if (name !== 'Immediate' && !name.startsWith('TCP') && !name.startsWith('FS')) found.others++
  }
  return { rssMib: rss / mib, heapMib: heapUsed / mib, externalMib: external / mib, ...found }
}

process.on('message', async (message: 'held' | 'stop') => {
  if (message === 'held') process.send?.({ held: held() })
  else {
    await gateway.close(0)
    process.exit(0)
  }
})
process.on('disconnect', () => process.exit(0))
process.send?.({ port: gateway.address.port })
