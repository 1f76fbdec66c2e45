// The program of one gateway worker: takes its order from the parent, serves, and ends when told or when the parent is gone.
import { systemClock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import { createLog } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import { DistantDesk, type FromDesk, type ToDesk } from './admission/admission-desk.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { WorkerEnd, WorkerOrder, WorkerReload } from './run-gateway.ts'

const log = createLog('gateway')
let gateway: Gateway | null = null
let stopGraceMs = 0
const desk = new DistantDesk(message => tell(message))

async function start(order: WorkerOrder): Promise<void> {
  stopGraceMs = order.stopGraceMs
  try {
    gateway = await startGateway({ ...order, clock: systemClock, random: systemRandom, log, desk })
    tell({ address: gateway.address })
  } catch (error) {
    process.send?.({ error: messageOf(error) }, () => process.exit(1))
  }
}

/** The parent may be gone: then nobody keeps the limits of what is still in flight here. */
function tell(message: ToDesk | { address: Gateway['address'] }): void {
  process.send?.(message, undefined, undefined, () => {})
}

async function end({ end, graceMs }: WorkerEnd): Promise<void> {
  await gateway?.[end](graceMs)
  process.exit(0)
}

process.on('message', (message: WorkerOrder | FromDesk | WorkerEnd | WorkerReload) => {
  if ('end' in message) void end(message)
  else if ('desk' in message) desk.onVerdict(message)
  else if ('reload' in message) gateway?.reloadTls()
  else void start(message)
})
// Its gateway was killed, and another comes: what is in flight here is finished.
process.on('disconnect', () => void end({ end: 'handOver', graceMs: stopGraceMs }))
// A terminal's Ctrl-C reaches the whole group; the parent decides when the workers stop.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('SIGTERM', () => void end({ end: 'close', graceMs: stopGraceMs }))
