// A process of its own that holds a database: `node start-embedded.ts <dataDir> <binariesDir>` prints one line, then
// stays until SIGTERM (stops in order) or SIGKILL.
import { startEmbedded } from '../../src/db/embedded.ts'
import { isRefusal } from '../../src/lib/errors.ts'
import { silentLog } from '../../src/lib/log.ts'

const [dataDir = '', binariesDir = ''] = process.argv.slice(2)
try {
  const server = await startEmbedded({ dataDir, binariesDir, log: silentLog })
  console.log(JSON.stringify({ pid: server.pid, uid: process.getuid?.(), config: server.config }))
  const stay = setInterval(() => {}, 60_000)
  process.once('SIGTERM', () => {
    clearInterval(stay)
    void server.stop()
  })
} catch (error) {
  console.log(JSON.stringify({ refused: isRefusal(error) ? error.code : String(error) }))
}
