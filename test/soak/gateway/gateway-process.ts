// The gateway of the soak, a process of its own, with --expose-gc: tells what it holds when it is asked.
import { startGateway } from '../../../src/gateway/gateway.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { systemRandom } from '../../../src/lib/random.ts'

/** What the process holds once nothing that can be given up is left. */
export interface Held {
  rssMib: number
  heapMib: number
  /** Outside the heap: of buffers and of what V8 knows of. */
  externalMib: number
  timers: number
  sockets: number
  others: number
}

const mib = 2 ** 20
const [path = '', routesFile = ''] = process.argv.slice(2)
const gateway = await startGateway({
  ...{ gatewayId: 'soak', host: '127.0.0.1', port: 0, control: { path }, routesFile },
  ...{ clock: systemClock, random: systemRandom, log: silentLog },
})

function held(): Held {
  global.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const found = { timers: 0, sockets: 0, others: 0 }
  for (const name of process.getActiveResourcesInfo()) {
    if (name === 'Timeout') found.timers++
    else if (name === 'TCPSocketWrap' || name === 'TCPConnectWrap') found.sockets++
    else if (name !== 'Immediate') found.others++
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
