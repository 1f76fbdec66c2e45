// `npm run soak:full-group`: updates, drains, scalings and swaps in 50 groups without spare room. Arguments: how many groups; a
// seed; a number, to live that group alone, as a violation names it.
import { conclude, say } from '../conclude.ts'
import { scratchServer } from '../scratch-server.ts'
import { liveFullGroups } from './world.ts'

const count = Number(process.argv[2] ?? 50)
const seed = process.argv[3] ?? '1'
const numbers =
  process.argv[4] === undefined ? Array.from({ length: count }, (_, index) => index) : [Number(process.argv[4])]

await conclude(async open => {
  const server = await scratchServer()
  open.defer(server.close)
  const { db } = await server.database()
  const { groups, acts, refused, ended, asked, violations } = await liveFullGroups(db, seed, numbers)
  for (const violation of violations) say(violation)
  say(`seed ${seed}; acts: ${acts}, of them refused: ${refused}`)
  say(`ended by themselves: ${ended}, asked a person: ${asked}`)
  say(
    `full groups that lost their last replica, hung or neither ended nor asked: ${violations.length} (0), of ${groups}`,
  )
  return violations.length === 0 && groups === numbers.length
})
