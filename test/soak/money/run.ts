// `npm run soak:money`: 10,000 accounts, each with commands of its own through a virtual year, on PostgreSQL, against an oracle that
// shares no code with what it judges. Arguments: how many sequences; a seed; a number, to live again the world of that
// sequence alone, as a violation names them.
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { conclude, say } from '../conclude.ts'
import { type ScratchServer, scratchServer } from '../scratch-server.ts'
import { coverageOf } from './pairs.ts'
import type { WorldPlan, WorldResult } from './world.ts'

const perWorld = 100
const steps = 30
const perStep = 4
const lanes = 2
const coveredMin = 99

const count = Number(process.argv[2] ?? 10_000)
const seed = process.argv[3] ?? '1'
const only = process.argv[4] === undefined ? null : Number(process.argv[4])

const numbersFrom = (first: number, end: number) => Array.from({ length: end - first }, (_, index) => first + index)
const firsts = Array.from({ length: Math.ceil(count / perWorld) }, (_, world) => world * perWorld)
const plans = firsts
  .map((first): WorldPlan => ({ seed, numbers: numbersFrom(first, Math.min(count, first + perWorld)), steps, perStep }))
  .filter(({ numbers }) => only === null || numbers.includes(only))

const sums = { worlds: 0, sequences: 0, commands: 0, refused: 0, crashes: 0, violations: 0 }
const met = new Set<string>()

function add(plan: WorldPlan, { commands, refused, crashes, pairs, violations }: WorldResult): void {
  sums.worlds++
  sums.sequences += plan.numbers.length
  sums.commands += commands
  sums.refused += refused
  sums.crashes += crashes
  sums.violations += violations.length
  for (const pair of pairs.keys()) met.add(pair)
  for (const violation of violations.slice(0, 5)) say(violation)
  if (sums.worlds % 10 === 0) say(`${sums.sequences} sequences, ${sums.commands} commands`)
}

/** A process that lives one world after another. */
async function lane(server: ScratchServer): Promise<void> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'worker.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  for (let plan = plans.shift(); plan; plan = plans.shift()) {
    const { url, close } = await server.database({ max: 1 })
    const answered = new Promise<WorldResult>((resolve, reject) => {
      child.once('message', message =>
        resolve({ ...(message as WorldResult), pairs: new Map((message as WorldResult).pairs) }),
      )
      child.once('exit', () => reject(new Error('a process of the soak ended by itself')))
    })
    child.send({ url, plan })
    add(plan, await answered)
    child.removeAllListeners('exit')
    await close()
  }
  child.disconnect()
}

const wanted = plans.reduce((sum, { numbers }) => sum + numbers.length, 0)
await conclude(async open => {
  const server = await scratchServer()
  open.defer(server.close)
  say(`seed ${seed}, ${wanted} sequences`)
  await Promise.all(Array.from({ length: Math.min(lanes, plans.length) }, () => lane(server)))
  const { met: pairs, missed, unheardOf, percent } = coverageOf(met)
  for (const pair of missed) say(`never met: ${pair}`)
  for (const pair of unheardOf) say(`not foreseen: ${pair}`)
  say(`sequences: ${sums.sequences}, each a virtual year; commands: ${sums.commands}, of them refused: ${sums.refused}`)
  say(`workers that died in the middle of their work: ${sums.crashes}`)
  say(`pairs of a state and a command: ${pairs}, ${percent} % (>= ${only === null ? coveredMin : 0} %)`)
  say(`violations: ${sums.violations} (0)`)
  const enough = only !== null || (percent >= coveredMin && unheardOf.length === 0)
  return sums.violations === 0 && enough && sums.sequences === wanted
})
