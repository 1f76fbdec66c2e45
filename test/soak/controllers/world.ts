// The world of the controllers' soak: one PostgreSQL that is restarted whenever it is killed, a way to it that can be cut, and
// roles apart: controllers, APIs, gateways and an agent, each a process.
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Db, openDb } from '../../../src/db/db.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { KeptPostgres } from '../../../src/processes/kept-postgres.ts'
import { until } from '../../installation.ts'
import { RoleProcesses, type RoleUnderTest } from '../../role-processes.ts'
import { temporaryRoot } from '../../temporary.ts'
import { Caller } from './caller.ts'
import { CuttingProxy } from './cutting-proxy.ts'

const yaml = `currency: CNY
gateway: { connectionsPerAddress: 0 }
catalog:
  specs:
    slice: { family: general, cpu: 3, memory: 1GiB }
    sim.c8: { family: general, cpu: 8, memory: 16GiB }
  regions:
    local:
      name: This host
      engine: process
      zones:
        local-a: { name: Zone A, offers: { slice: { stock: 3, postpaid: { hour: 0.01 } } } }
    east:
      name: East
      engine: simulated
      zones:
        east-a:
          name: Zone A
          offers: { sim.c8: { stock: 100000, prepaid: { 1: 1.00, 12: 10.00 }, postpaid: { hour: 0.01 } } }
`

export interface WorldSize {
  controllers: number
  apis: number
  gateways: number
}

export class World {
  readonly directory = mkdtempSync(join(temporaryRoot, 'berth-controllers-'))
  postgres!: KeptPostgres
  proxy!: CuttingProxy
  roles!: RoleProcesses
  /** Past the proxy, for who looks at the end. */
  db!: Db
  controllers: RoleUnderTest[] = []
  apis: RoleUnderTest[] = []
  gateways: RoleUnderTest[] = []
  /** Ids of postmasters: one more with each restart. */
  pids: number[] = []

  async start(size: WorldSize): Promise<void> {
    chmodSync(this.directory, 0o711)
    this.postgres = await KeptPostgres.start(this.directory, silentLog)
    this.pids.push(this.postgres.pid)
    this.postgres.onStart = pid => this.pids.push(pid)
    const socket = new URL(this.postgres.url)
    const path = `${socket.searchParams.get('host')}/.s.PGSQL.${socket.searchParams.get('port')}`
    this.proxy = new CuttingProxy(path)
    await this.proxy.listen()
    this.db = openDb({ connectionString: this.postgres.url, max: 2 })
    this.roles = await RoleProcesses.make(this.proxy.url, yaml, size.controllers)
    const { home } = this.roles
    mkdirSync(this.executions, { mode: 0o777 })
    chmodSync(this.executions, 0o777)
    for (const name of ['echo.ts', 'content.ts']) {
      copyFileSync(join(import.meta.dirname, '..', 'drain', name), join(home, name))
    }
    await this.startController(0)
    const others = Array.from({ length: size.controllers - 1 }, (_, n) => this.startController(n + 1))
    const apis = Array.from({ length: size.apis }, (_, n) => this.roles.start('api', `api-${n}`))
    await this.roles.start('agent', 'agent')
    await Promise.all(others)
    this.apis = await Promise.all(apis)
    for (let n = 0; n < size.gateways; n++) this.gateways.push(await this.roles.start('gateway', `gateway-${n}`))
  }

  get executions(): string {
    return join(this.roles.home, 'executions')
  }

  async startController(place: number): Promise<void> {
    this.controllers[place] = await this.roles.start('controller', `controller-${place}`, { place })
  }

  caller(who: 'owner' | 'operator'): Caller {
    return new Caller(this.apis.map(api => this.roles.client(who, api)))
  }

  /** Kills the postmaster as it is; resolves when another one answers through every API. */
  async killPostgres(how: 'at once' | 'in commit'): Promise<{ backMs: number; inCommit: boolean }> {
    const before = this.pids.length
    const kill = () => process.kill(this.postgres.pid, 'SIGKILL')
    let inCommit = false
    if (how === 'in commit') inCommit = await this.proxy.cutNext(5_000, { atOnce: kill })
    if (!inCommit) kill()
    const beganMs = performance.now()
    await until('PostgreSQL runs again', async () => this.pids.length > before, 60_000)
    for (const api of this.apis) {
      const client = this.roles.client('owner', api)
      const answers = () =>
        client.call('GET /v1/whoami', {}).then(
          () => true,
          () => false,
        )
      await until('the API answers from it', answers, 60_000)
    }
    return { backMs: Math.round(performance.now() - beganMs), inCommit }
  }

  /** The controller that has a duty now. */
  async holderOf(duty: string): Promise<number> {
    const place = await until(`somebody has ${duty}`, async () => {
      const found = await this.db
        .selectFrom('duties as d')
        .innerJoin('controllers as c', 'c.id', 'd.controllerId')
        .select('c.pid')
        .where('d.name', '=', duty)
        .executeTakeFirst()
        .catch(() => undefined)
      const at = this.controllers.findIndex(({ child }) => child.pid === found?.pid)
      return at < 0 ? null : { at }
    })
    return place.at
  }

  async close(): Promise<void> {
    await this.roles?.remove()
    await this.db?.destroy()
    await this.proxy?.close()
    await this.postgres?.stop()
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }
}
