// The configuration of a host on which nobody has written one: machines are slices of this host. The text is what the first
// start writes to berth.yaml, and what is used is read from that same text, so the two can't differ.
import { availableParallelism, totalmem } from 'node:os'

export interface HostFacts {
  cores: number
  memoryMib: number
}

export function hostFacts(): HostFacts {
  // In a container the limit counts, not the machine below it; 0 or an absurd number means no limit.
  const limit = process.constrainedMemory()
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return { cores: availableParallelism(), memoryMib: Math.floor(bytes / 1024 ** 2) }
}

/** Of the host's memory; the rest is for Berth and the system. Memory is never sold twice. */
const memoryPercent = 75
/** CPU is shared: models wait more than they compute. */
const cpuOvercommit = 4

export interface Slice {
  specId: string
  cpu: number
  memoryMib: number
  stock: number
}

/** Cuts the host into machines of two or three sizes; all of the stock fits at once, within the two bounds above. */
export function sliceHost({ cores, memoryMib }: HostFacts): Slice[] {
  let memory = Math.floor((memoryMib * memoryPercent) / 100)
  let cpu = cores * cpuOvercommit
  const unit = Math.min(2048, Math.max(256, Math.floor(memory / 6 / 256) * 256))
  const sizes = [
    { specId: 'host.small', cpu: 1, memoryMib: unit, share: 3, atLeast: 4 },
    { specId: 'host.medium', cpu: 2, memoryMib: unit * 2, share: cores >= 4 ? 2 : 1, atLeast: 1 },
    ...(cores >= 4 ? [{ specId: 'host.large', cpu: 4, memoryMib: unit * 4, share: 1, atLeast: 0 }] : []),
  ]
  return sizes.flatMap(({ share, atLeast, ...size }) => {
    const fits = (part: number) => Math.floor(Math.min(memory / part / size.memoryMib, cpu / part / size.cpu))
    const stock = Math.min(fits(1), Math.max(atLeast, fits(share)), 1000)
    if (stock < 1) return []
    memory -= stock * size.memoryMib
    cpu -= stock * size.cpu
    return [{ ...size, stock }]
  })
}

const sizeText = (mib: number): string => (mib % 1024 === 0 ? `${mib / 1024}GiB` : `${mib}MiB`)

const specText = ({ specId, cpu, memoryMib }: Slice): string =>
  `    ${specId}: { family: general, cpu: ${cpu}, memory: ${sizeText(memoryMib)} }\n`

/** Sample prices, by vCPU: yuan per month for 1, 2, 3, 6 and 12 months, and per hour. Integers of fen: no floats. */
const offerText = ({ specId, cpu, stock }: Slice): string => {
  const yuan = (fen: number) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`
  const [one, two, three, six, twelve] = [3000, 2940, 2880, 2760, 2550].map(fen => yuan(fen * cpu))
  return `            ${specId}:
              stock: ${stock}
              prepaid: { 1: ${one}, 2: ${two}, 3: ${three}, 6: ${six}, 12: ${twelve}, diskGiB: 0.35 }
              postpaid: { hour: ${yuan(6 * cpu)}, diskGiB: 0.0005 }
`
}

/** The text of berth.yaml for this host. */
export function defaultConfigYaml(host: HostFacts): string {
  const slices = sliceHost(host)
  return `# Berth's configuration. Read at every start; a mistake is told with its line. Unknown settings are refused.

# Money and calendar. The currency is a label; months and billing days are counted in the billing zone.
currency: CNY
billingZone: Asia/Shanghai
# Shown where only the operator can help, such as ending a prepaid machine before it expires.
operatorContact: the operator of this installation

# Where Berth listens. An address that others can reach needs a certificate (docs/people.md for the API, docs/gateway.md for the
# gateway), or "insecure: true" and a proxy that ends TLS before it.
listen:
  api: 127.0.0.1:8700
  gateway: 127.0.0.1:8701

# What can be bought. Later starts apply only what you change here, so prices and stock that were set through the API
# stay. What you remove is retired: it is sold no more, and what is sold lives on.
catalog:
  # Machine specs. Machines of this host are slices of its ${host.cores} cores and ${sizeText(host.memoryMib)}: all of the stock below together
  # takes at most ${memoryPercent} % of the memory, and at most ${cpuOvercommit} vCPU per core (the CPU is shared).
  specs:
${slices.map(specText).join('')}  regions:
    local:
      name: This host
      # process: services run as processes on this host. docker: they are images, run by the Docker of this host.
      # kubernetes: machines are nodes of a cluster, docs/kubernetes.md. simulated: they do not exist, for trials.
      engine: process
      zones:
        local-a:
          name: Zone A
          # Prices are samples. Prepaid: per month, for a purchase of so many months. diskGiB: per GiB of system disk
          # above the free 200, per month or per hour.
          offers:
${slices.map(offerText).join('')}`
}
