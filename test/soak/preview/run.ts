// `npm run soak:preview`: 500 random fleets, three previewed actions on each, and what was said held against what happened.
// Arguments: how many fleets; a seed; a number, to live the world of that fleet alone again, as a
// difference names it.
import { conclude, say } from '../conclude.ts'
import { type ScratchServer, scratchServer } from '../scratch-server.ts'
import { type SoakResult, soakPreviews } from './soak.ts'

const perWorld = 25
const perFleet = 3
/** Each waits for the database most of the time. */
const lanes = 2

const count = Number(process.argv[2] ?? 500)
const seed = process.argv[3] ?? '1'
const only = process.argv[4] === undefined ? null : Number(process.argv[4])

const total: SoakResult = { actions: 0, kinds: new Map(), differences: [] }
const numbers = Array.from({ length: count }, (_, index) => index)
const worlds = Array.from({ length: Math.ceil(numbers.length / perWorld) }, (_, index) =>
  numbers.slice(index * perWorld, (index + 1) * perWorld),
).filter(world => only === null || world.includes(only))
let lived = 0

async function lane(server: ScratchServer): Promise<void> {
  for (let world = worlds.shift(); world; world = worlds.shift()) {
    const { db, close } = await server.database({ max: 10 })
    add(await soakPreviews(db, { seed, numbers: world, perFleet }))
    await close()
    lived += world.length
    say(`${lived} fleets, ${total.actions} actions`)
  }
}

function add({ actions, kinds, differences }: SoakResult): void {
  for (const line of differences) say(line)
  total.actions += actions
  total.differences.push(...differences)
  for (const [kind, sums] of kinds) {
    const { done, refused, worldChanged } = total.kinds.get(kind) ?? { done: 0, refused: 0, worldChanged: 0 }
    total.kinds.set(kind, {
      ...{ done: done + sums.done, refused: refused + sums.refused },
      worldChanged: worldChanged + sums.worldChanged,
    })
  }
}

await conclude(async open => {
  say(`seed ${seed}, ${count} fleets`)
  const server = await scratchServer()
  open.defer(server.close)
  await Promise.all(Array.from({ length: lanes }, () => lane(server)))
  for (const [kind, { done, refused, worldChanged }] of [...total.kinds].sort())
    say(`${kind}: ${done} done, ${refused} refused, ${worldChanged} refused since the world had changed`)
  const wrong = total.differences.length
  say(`previews that said otherwise than what happened: ${wrong} (0), of ${total.actions} actions on ${lived} fleets`)
  return wrong === 0
})
