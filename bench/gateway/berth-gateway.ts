// One gateway process as `berth` runs it. Arguments: port, control's socket, the file that keeps its routes, its name; limits, as JSON.
import { startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'

const [port = '0', path = '', routesFile = '', gatewayId = 'bench', limits = '{}'] = process.argv.slice(2)
const parts = { clock: systemClock, random: systemRandom, log: createLog('gateway'), limits: JSON.parse(limits) }
const gateway = await startGateway({
  ...{ gatewayId, host: '127.0.0.1', port: Number(port), control: { path }, routesFile },
  ...parts,
})
process.once('SIGTERM', async () => {
  await gateway.close(0)
  process.exit(0)
})
