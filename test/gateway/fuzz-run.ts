// `npm run fuzz:gateway`: the differential fuzz of heads and chunks, long. Arguments: inputs; seed.
import { fuzz } from './fuzz.ts'

const [inputs = 1_000_000, seed = 'gateway-heads'] = [Number(process.argv[2] ?? 1_000_000), process.argv[3]]
const { passed, refused, differing } = fuzz({ seed, inputs })
for (const one of differing.slice(0, 20)) process.stdout.write(`${one}\n`)
process.stdout.write(`seed ${seed}: passed on ${passed}, refused whole ${refused}\n`)
process.stdout.write(`inputs that the two frame differently and are passed on: ${differing.length} (0), of ${inputs}\n`)
process.exit(differing.length === 0 ? 0 : 1)
