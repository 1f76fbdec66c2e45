// The program of one gateway worker: takes its order from the parent, serves, and stops when told or when the parent is gone.
import { systemClock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import { createLog } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import { AdmissionDesk, type FromDesk } from './admission-desk.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { WorkerOrder } from './run-gateway.ts'

const log = createLog('gateway')
let gateway: Gateway | null = null
const desk = new AdmissionDesk(message => void process.send?.(message))
let stopGraceMs = 0

async function start(order: WorkerOrder): Promise<void> {
  stopGraceMs = order.stopGraceMs
  try {
    gateway = await startGateway({ ...order, clock: systemClock, random: systemRandom, log, desk })
    process.send?.({ address: gateway.address })
  } catch (error) {
    process.send?.({ error: messageOf(error) }, () => process.exit(1))
  }
}

async function stop(): Promise<void> {
  await gateway?.close(stopGraceMs)
  process.exit(0)
}

process.on('message', (message: WorkerOrder | FromDesk | 'stop') => {
  if (message === 'stop') void stop()
  else if ('desk' in message) desk.onVerdict(message)
  else void start(message)
})
// A terminal's Ctrl-C reaches the whole group; the parent decides when the workers stop.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => void stop())
