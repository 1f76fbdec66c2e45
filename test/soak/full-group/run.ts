// `npm run soak:full-group`: updates, drains, scalings and swaps in 50 groups without spare room. Arguments: how many groups; a
// seed; a number, to live that group alone, as a violation names it.
import { scratchServer } from '../scratch-server.ts'
import { liveFullGroups } from './world.ts'

const count = Number(process.argv[2] ?? 50)
const seed = process.argv[3] ?? '1'
const numbers =
  process.argv[4] === undefined ? Array.from({ length: count }, (_, index) => index) : [Number(process.argv[4])]
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const server = await scratchServer()
const { db, close } = await server.database()
const { groups, acts, refused, ended, asked, violations } = await liveFullGroups(db, seed, numbers)
await close()
await server.close()
for (const violation of violations) say(violation)
say(`seed ${seed}; acts: ${acts}, of them refused: ${refused}`)
say(`ended by themselves: ${ended}, asked a person: ${asked}`)
say(`full groups that lost their last replica, hung or neither ended nor asked: ${violations.length} (0), of ${groups}`)
process.exit(violations.length === 0 && groups === numbers.length ? 0 : 1)
