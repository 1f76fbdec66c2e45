// The load of the gateway's soak, a process of its own: a request every so often, whatever became of the ones before.
// Arguments: port, access key, requests a second, seconds. Answers once, with what became of them.
import { closeConnections, idleConnections, type Kind, kindOf, kinds, send } from './requests.ts'
import { tellSockets } from './sockets.ts'

export interface LoadResult {
  sent: number
  /** The first hundred of what did not go as it must, and how many there are. */
  wrong: string[]
  wrongCount: number
  byKind: Record<Kind, number>
  seconds: number
}

const [port = 0, , perSecond = 0, seconds = 0] = process.argv.slice(2).map(Number)
const accessKey = process.argv[3] ?? ''
const target = { port, accessKey }
const byKind = Object.fromEntries(Object.keys(kinds).map(kind => [kind, 0])) as Record<Kind, number>
const wrong: string[] = []
let wrongCount = 0
let sent = 0
const open = new Set<Promise<void>>()
const beganMs = performance.now()

async function one(n: number): Promise<void> {
  const fault = await send(target, n)
  byKind[kindOf(n)]++
  if (fault === null) return
  wrongCount++
  if (wrong.length < 100) wrong.push(fault)
}

function step(): void {
  const passedMs = performance.now() - beganMs
  for (; sent < perSecond * seconds && (sent * 1_000) / perSecond <= passedMs; sent++) {
    const going = one(sent).finally(() => open.delete(going))
    open.add(going)
  }
  if (sent < perSecond * seconds) setTimeout(step, 1)
  else void finish()
}

async function finish(): Promise<void> {
  while (open.size > 0) await Promise.all(open)
  closeConnections()
  const result: LoadResult = { sent, wrong, wrongCount, byKind, seconds: (performance.now() - beganMs) / 1_000 }
  process.send?.({ result })
}

tellSockets(idleConnections)
process.on('disconnect', () => process.exit(0))
step()
