// What a full table costs a gateway: beside one that knows one service, each a process on the same core, asked in turn.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { RouteServer } from '../../src/gateway/control/route-server.ts'
import { silentLog } from '../../src/lib/log.ts'
import type { ServiceRoute } from '../../src/services/routes/route.ts'
import { median, say } from './figures.ts'
import { accessKey, cpuSecondsOf, Processes } from './processes.ts'
import { serviceIdOf, serviceNameOf } from './routes-database.ts'
import { drive } from './wrk.ts'

export interface Table {
  services: number
  /** Of each service. */
  instances: number
}

const idleSeconds = 4

interface Candidate {
  name: 'one' | 'many'
  port: number
  pid: number
}

const routesOf = ({ services, instances }: Table, port: number): ServiceRoute[] =>
  Array.from({ length: services }, (_, index): ServiceRoute => {
    const serviceId = serviceIdOf(index + 1)
    const name = serviceNameOf(index + 1)
    return {
      ...{ serviceId, name, accountId: '1', accessKeys: [accessKey], status: 'Running' },
      endpoints: Array.from({ length: instances }, (_one, n) => ({
        ...{ instanceId: `${serviceId}-i${n + 1}`, host: '127.0.0.1', port, healthPath: '/health' },
      })),
      limits: { requestTimeoutMs: 20_000, rateLimit: 10_000_000, maxInFlight: 100_000, bodyMax: 64 * 2 ** 20 },
    }
  })

export async function measureThroughput(
  dir: string,
  table: Table,
  { rounds, seconds }: { rounds: number; seconds: number },
) {
  const processes = new Processes(dir)
  const servers: RouteServer[] = []
  const open = async (name: 'one' | 'many', services: ServiceRoute[]): Promise<Candidate> => {
    const path = join(dir, `${name}.sock`)
    const obeys = Promise.withResolvers<void>()
    const server = new RouteServer({
      ...{ path, log: silentLog, snapshot: () => ({ generation: 1, services }) },
      onAck: () => obeys.resolve(),
    })
    servers.push(server)
    await server.listen()
    const { port, pid } = await processes.gateway(name, path, join(dir, `${name}.ndjson`))
    await obeys.promise
    return { name, port, pid }
  }
  try {
    const upstream = await processes.upstream()
    const many = routesOf(table, upstream)
    // The one that is asked has as many instances in both.
    const candidates = [await open('one', many.slice(0, 1)), await open('many', many)]
    const cpuOf = ({ pid }: Candidate): number => cpuSecondsOf([pid])
    for (const { port } of candidates) await drive(dir, port, '1 KB GET', 1)
    await pause(1_000)
    const idleFrom = candidates.map(cpuOf)
    await pause(idleSeconds * 1_000)
    const idle = candidates.map(
      (candidate, index) => ((cpuOf(candidate) - (idleFrom[index] as number)) / idleSeconds) * 100,
    )
    const memory = candidates.map(({ pid }) => residentMib(pid))
    const carried: Record<'one' | 'many', number[]> = { one: [], many: [] }
    for (let round = 1; round <= rounds; round++) {
      const told: string[] = []
      for (const candidate of round % 2 === 0 ? candidates : candidates.toReversed()) {
        const before = cpuOf(candidate)
        const answered = await drive(dir, candidate.port, '1 KB GET', seconds)
        const each = answered / (cpuOf(candidate) - before)
        carried[candidate.name].push(each)
        told.push(`${candidate.name} ${Math.round(each)} (${Math.round(answered / seconds)}/s)`)
      }
      say(`round ${round}, requests a CPU second (a second): ${told.join(', ')}`)
    }
    return {
      // Of the two of a round, which stand side by side: what else the machine does changes from round to round.
      ratio: median(carried.many.map((value, index) => value / (carried.one[index] ?? value))),
      memoryMib: { one: memory[0] as number, many: memory[1] as number },
      idleShare: { one: idle[0] as number, many: idle[1] as number },
    }
  } finally {
    for (const server of servers) await server.close()
    await processes.close()
  }
}

function residentMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
}
