// Lives the life in a process of its own, which kills itself with SIGKILL at one fault point.
// Arguments: database URL, the driver's journal, the instant to start at, the fault point.
import { openDb } from '../../src/db/db.ts'
import { armFault } from '../../src/lib/fault.ts'
import { live, openWorld } from './life.ts'

const [url = '', journalPath = '', startAt = '', point = ''] = process.argv.slice(2)
const db = openDb({ connectionString: url, max: 4 })
armFault(point, { do: 'kill' })
await live(openWorld(db, journalPath, startAt))
await db.destroy() // Only where the point was never reached.
