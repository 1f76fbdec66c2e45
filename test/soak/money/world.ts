// A world of the model of money: many tenants in one database with one clock, through a virtual year. Each has a zone and a provider of
// its own, so that nobody's machines are another's luck. In every step the clock goes on, each tenant gives commands that
// were drawn for it, Berth does what it does by itself, and its books are compared with the oracle.

import { unbilledFen } from '../../../src/billing/accrued.ts'
import { loadCatalog } from '../../../src/catalog/catalog.ts'
import type { CatalogConfig } from '../../../src/catalog/catalog-config.ts'
import type { Db } from '../../../src/db/db.ts'
import { verifyInvariants } from '../../../src/insight/invariants.ts'
import { sealTransfers } from '../../../src/ledger/seal.ts'
import { ManualClock } from '../../../src/lib/clock.ts'
import { isRefusal } from '../../../src/lib/errors.ts'
import { armFault, disarmFaults, InjectedFaultError } from '../../../src/lib/fault.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { addAccount, catalog, countUptime, keepErrors, type ShopCtx, shopCtx } from '../../orders/shop-ctx.ts'
import { Dice } from '../dice.ts'
import { differencesOf, readBooks } from './books.ts'
import { type Command, regionOf, type Tenant, zoneOf } from './command.ts'
import { commands, drawPrice, priceForBerth } from './commands.ts'
import { Control, deadFor, readMoments, shapeOf, zone } from './control.ts'
import { drawJump } from './jumps.ts'
import type { Now } from './orders.ts'
import { Provider } from './provider.ts'
import { closeDays, settleAccount } from './settle.ts'
import type { Account, Machine, Order } from './state.ts'
import { type Target, targetsOf } from './states.ts'

export interface WorldPlan {
  seed: string
  /** Sequences, by number; each is a tenant. */
  numbers: readonly number[]
  steps: number
  /** Commands of one tenant in one step, at most. */
  perStep: number
}

export interface WorldResult {
  commands: number
  /** Commands that were refused. */
  refused: number
  /** Workers that died in the middle of their work. */
  crashes: number
  /** `state × command`, how often. */
  pairs: Map<string, number>
  /** Who knows of what, and what was done before it. */
  violations: string[]
}

/** A year that ends after a 29 February, and begins with a 31st. */
const start = Temporal.Instant.from('2027-08-31T03:17:00Z')
const year = 366 * 86_400

interface Sequence extends Tenant {
  number: number
  dice: Dice
  history: string[]
  broken: boolean
}

export class MoneyWorld {
  readonly #db: Db
  readonly #plan: WorldPlan
  readonly #clock = new ManualClock(start)
  readonly #dice: Dice
  readonly #ctx: ShopCtx
  readonly #errors: string[]
  readonly #sequences: Sequence[] = []
  readonly #result: WorldResult = { commands: 0, refused: 0, crashes: 0, pairs: new Map(), violations: [] }
  #billedThrough: number | null = null
  #uptime = 0
  #eventId = 0n

  readonly #control: Control

  /** `url`: of the same database, for workers that die. */
  constructor(db: Db, url: string, plan: WorldPlan) {
    this.#db = db
    this.#plan = plan
    this.#dice = new Dice(`${plan.seed} world ${plan.numbers[0]}`)
    const { log, errors } = keepErrors()
    this.#errors = errors
    this.#ctx = {
      ...shopCtx(db, this.#clock, null as never, log, `${plan.seed} ${plan.numbers[0]}`),
      machineDriver: region => this.#providerOf(region),
      unbilledFen: (at, accountId) => unbilledFen(at, accountId, this.#clock.now(), zone),
    }
    this.#control = new Control(this.#ctx, url)
  }

  async live(): Promise<WorldResult> {
    await this.#found()
    for (let step = 1; step <= this.#plan.steps; step++) {
      await this.#pass(step)
      // Half of the time Berth is slower than its tenants: they meet what is over and not yet ended.
      if (this.#dice.chance(2)) await this.#settle()
      const hits = new Map(this.#result.pairs)
      await this.#inParallel(sequence => this.#command(sequence, hits))
      for (const sequence of this.#sequences) if (sequence.dice.chance(12)) await this.#dyingCommand(sequence, hits)
      await this.#settle()
      // What one tenant's machines wait for holds up everybody's bills: after a difference nothing is certain.
      if (this.#result.violations.length > 0) break
      if (step % 10 === 0 || step === this.#plan.steps) await this.#verify()
    }
    await this.#control.close()
    return this.#result
  }

  // ── the beginning ──

  async #found(): Promise<void> {
    const { seed, numbers } = this.#plan
    const at = seconds(this.#clock.now())
    for (const number of numbers) {
      const dice = new Dice(`${seed} ${number}`)
      const account = newAccount(`a${number}`, at, dice)
      const provider = new Provider(this.#clock)
      const ctx = { ...this.#ctx, random: new SeededRandom(`ids ${seed} ${number}`) }
      const actor = { accountId: account.id, name: `user:${account.id}` }
      this.#sequences.push({ number, dice, account, provider, ctx, actor, history: [], broken: false })
    }
    await loadCatalog(this.#ctx, catalogOf(this.#sequences))
    for (const { account } of this.#sequences) await addAccount(this.#ctx, account.id, account.cash)
  }

  #providerOf(region: string): Provider {
    const found = this.#sequences.find(({ account }) => regionOf(account) === region)
    if (!found) throw new Error(`no region ${region}`)
    return found.provider
  }

  // ── time ──

  #lastJump = 0
  #since = start

  get #now(): Now {
    return { at: seconds(this.#clock.now()), billedThrough: this.#billedThrough, uptime: this.#uptime }
  }

  async #pass(step: number): Promise<void> {
    const now = seconds(this.#clock.now())
    const left = seconds(start) + year - now
    this.#lastJump = drawJump(this.#dice, this.#accounts, { now, left, steps: this.#plan.steps - step + 1 })
    await this.#goOn(this.#lastJump)
    this.#since = this.#clock.now()
    for (const { account } of this.#sequences) account.billLines = []
  }

  // ── commands ──

  async #inParallel(work: (sequence: Sequence) => Promise<void>): Promise<void> {
    const waiting = this.#sequences.filter(({ broken }) => !broken)
    const lane = async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await work(next)
    }
    await Promise.all(Array.from({ length: 8 }, lane))
  }

  async #command(sequence: Sequence, hits: ReadonlyMap<string, number>): Promise<void> {
    for (let count = sequence.dice.below(this.#plan.perStep + 1); count > 0 && !sequence.broken; count--) {
      const { pair, command } = drawCommand(sequence, this.#now, hits)
      await this.#count(sequence, pair, command)
    }
  }

  /** Berth dies before or after the commit of it; whoever gave it gives it again. */
  async #dyingCommand(sequence: Sequence, hits: ReadonlyMap<string, number>): Promise<void> {
    const { pair, command } = drawCommand(sequence, this.#now, hits)
    const point = command.points?.[sequence.dice.below(2)]
    if (point !== undefined) armFault(point, { do: 'throw' })
    await this.#count(sequence, pair, command)
    disarmFaults()
  }

  async #count(sequence: Sequence, pair: string, command: Command): Promise<void> {
    this.#result.pairs.set(pair, (this.#result.pairs.get(pair) ?? 0) + 1)
    this.#result.commands++
    await this.#give(sequence, pair, command)
  }

  async #give(sequence: Sequence, pair: string, command: Command): Promise<void> {
    const expected = command.expect(this.#now)
    let answer: unknown = null
    const given = command.give(sequence).catch(error => {
      if (!(error instanceof InjectedFaultError)) throw error
      sequence.history.push(`${this.#clock.now()} Berth died at: ${command.says}`)
      return command.give(sequence)
    })
    const code = await given.then(
      made => {
        answer = made
        return 'done'
      },
      error => {
        if (!isRefusal(error)) throw error
        return error.code
      },
    )
    sequence.history.push(`${this.#clock.now()} ${command.says}: ${code}`)
    if (code !== 'done') this.#result.refused++
    if (code !== expected) this.#blame(sequence, `${pair}: answered ${code}, should be ${expected}`)
    else if (code === 'done') await command.learn?.(answer, sequence)
  }

  #blame(sequence: Sequence, what: string): void {
    sequence.broken = true
    const { seed } = this.#plan
    const story = sequence.history.slice(-40).map(line => `    ${line}`)
    this.#result.violations.push(`seed ${seed}, sequence ${sequence.number}: ${what}\n${story.join('\n')}`)
  }

  // ── what Berth does by itself ──

  async #settle(): Promise<void> {
    for (const { provider } of this.#sequences) provider.begin()
    const first = this.#now
    const mayDie = this.#dice.chance(2) && this.#lastJump > deadFor && this.#isTheSameLater(first)
    const died = await this.#control.run(mayDie ? this.#dice : null)
    if (died) {
      // Past every lease of the dead; then whoever comes after it does the rest.
      this.#result.crashes++
      await this.#goOn(deadFor)
      await this.#control.run(null)
    }
    const now = died ? { ...this.#now, moment: await readMoments(this.#db, [first.at, this.#now.at]) } : first
    for (const { account, provider } of this.#sequences) settleAccount(account, now, what => provider.wasAsked(what))
    this.#billedThrough = closeDays(this.#accounts, this.#billedThrough, now.at)
    for (const sequence of this.#sequences) {
      const forgotten = sequence.account.machines.find(machine => isForgotten(machine, now))
      if (forgotten) this.#blame(sequence, `nobody looks at machine ${forgotten.id}`)
      if (died) sequence.history.push(`${this.#clock.now()} a worker had died, another one went on`)
    }
    await this.#compare()
  }

  get #accounts(): Account[] {
    return this.#sequences.map(({ account }) => account)
  }

  /** Whether it makes no difference but in instants when what is due now is done as late as after a death. */
  #isTheSameLater(now: Now): boolean {
    // Whether a machine comes first, or its order is given up first, is nobody's promise.
    const isLate = ({ phase, deadline }: Order): boolean =>
      phase === 'provisioning' && deadline !== null && deadline <= now.at + deadFor
    if (this.#accounts.some(({ orders }) => orders.some(isLate))) return false
    const [early = '', late] = [0, deadFor].map(by => {
      const accounts = structuredClone(this.#accounts)
      const then = { ...now, at: now.at + by, uptime: now.uptime + by }
      for (const account of accounts) settleAccount(account, then, () => true)
      return `${closeDays(accounts, now.billedThrough, then.at)} ${accounts.map(account => shapeOf(account, now.at)).join()}`
    })
    return early === late
  }

  async #goOn(by: number): Promise<void> {
    this.#uptime += by
    this.#clock.advance({ seconds: by })
    await countUptime(this.#db, { seconds: by })
  }

  async #compare(): Promise<void> {
    const { books, orders } = await readBooks(this.#db, { at: this.#since, eventId: this.#eventId })
    const byAccount = Map.groupBy(orders, order => order.accountId)
    for (const sequence of this.#sequences) {
      if (sequence.broken) continue
      const { id } = sequence.account
      const found = differencesOf(sequence.account, books.get(id) ?? new Map(), byAccount.get(id) ?? [])
      if (found.length > 0) this.#blame(sequence, found.slice(0, 8).join('\n  '))
    }
    const last = await this.#db
      .selectFrom('events')
      .select(eb => eb.fn.max('id').as('id'))
      .executeTakeFirstOrThrow()
    this.#eventId = BigInt(last.id ?? 0)
  }

  async #verify(): Promise<void> {
    while ((await sealTransfers(this.#ctx)).changed > 0);
    for (const { name, ok, detail } of await verifyInvariants(this.#db)) {
      if (!ok) this.#result.violations.push(`seed ${this.#plan.seed}: ${name}: ${detail.slice(0, 3).join('; ')}`)
    }
    for (const sequence of this.#sequences) {
      const wrong = await differencesOfProvider(sequence)
      if (wrong.length > 0) this.#blame(sequence, `the provider's book: ${wrong.join(', ')}`)
    }
    for (const error of this.#errors.splice(0)) this.#result.violations.push(`seed ${this.#plan.seed}: ${error}`)
  }
}

const seconds = (instant: Temporal.Instant): number => instant.epochMilliseconds / 1000

function newAccount(id: string, at: number, dice: Dice): Account {
  return {
    ...{
      id,
      cash: BigInt(dice.chance(4) ? 0 : dice.below(1_500_000)),
      voucher: 0n,
      disksWait: false,
      stock: 4 + dice.below(20),
      allocated: 0,
      groups: [],
      orders: [],
      machines: [],
    },
    prices: {
      prepaid: [{ ...drawPrice('prepaid', dice), from: at }],
      postpaid: [{ ...drawPrice('postpaid', dice), from: at }],
    },
    ...{ quotes: [], topUps: new Map(), fates: new Map(), provider: 'answers', failedTries: [], billLines: [] },
  }
}

function catalogOf(sequences: readonly Sequence[]): CatalogConfig {
  return {
    specs: catalog(0).specs,
    regions: sequences.map(({ account }) => ({
      ...{ regionId: regionOf(account), name: account.id, engine: 'simulated' as const },
      zones: [
        {
          ...{ zoneId: zoneOf(account), name: account.id },
          offers: [
            {
              ...{ specId: 'c4m16', stock: account.stock },
              prepaid: priceForBerth('prepaid', account.prices.prepaid[0] as never),
              postpaid: priceForBerth('postpaid', account.prices.postpaid[0] as never),
            },
          ],
        },
      ],
    })),
  }
}

/** Seconds after which whatever is on its way, or runs, is looked at again. */
const lookedAtEvery = 30

const isForgotten = ({ phase, starts, lookedAt }: Machine, now: Now): boolean =>
  (phase === 'running' || phase === 'coming' || phase === 'releasing' || starts) && now.at - lookedAt > lookedAtEvery

/** Machines that the provider holds for nobody, and those that it ought to hold. */
async function differencesOfProvider({ account, provider }: Tenant): Promise<string[]> {
  const held = new Set<string>()
  for await (const { machineId } of provider.list()) held.add(machineId)
  return account.machines.flatMap(({ id, phase, dirty }) => {
    if (held.has(id))
      return phase === 'released' || (phase === 'failed' && !dirty) ? [`holds ${id}, which is ${phase}`] : []
    return phase === 'running' || phase === 'stopped' ? [`has no ${id}, which is ${phase}`] : []
  })
}

type AnyCommand = readonly [number, (target: Target, tenant: Tenant, dice: Dice) => Command]

/** Pairs of a state and a command that were met less often are drawn more often. */
function drawCommand(
  sequence: Sequence,
  now: Now,
  hits: ReadonlyMap<string, number>,
): { pair: string; command: Command } {
  const { account, dice } = sequence
  const byPair = new Map<string, { weight: number; draw: AnyCommand[1]; targets: Target[] }>()
  for (const target of targetsOf(account, now)) {
    for (const [name, [weight, draw]] of Object.entries(commands[target.kind]) as unknown as [string, AnyCommand][]) {
      if (!isSensible(name, account, now)) continue
      const pair = `${target.state} × ${name}`
      const known = byPair.get(pair)
      if (known) known.targets.push(target)
      else byPair.set(pair, { weight, draw, targets: [target] })
    }
  }
  const [pair, { draw, targets }] = dice.weighted(
    [...byPair].map(
      one => [Math.max(1, Math.floor((one[1].weight * 1000) / (1 + (hits.get(one[0]) ?? 0)))), one] as const,
    ),
  )
  return { pair, command: draw(dice.oneOf(targets) as Target, sequence, dice) }
}

const livingMax = 8

function isSensible(name: string, account: Account, now: Now): boolean {
  if (name === 'change a price') {
    // Of two things of one instant the books don't say which was first.
    const { prices, orders, quotes } = account
    const before = [...prices.prepaid, ...prices.postpaid].every(({ from }) => from < now.at)
    return before && orders.every(({ placedAt }) => placedAt < now.at) && quotes.every(({ at }) => at < now.at)
  }
  if (!name.startsWith('buy')) return true
  return account.machines.filter(({ phase }) => !['released', 'failed'].includes(phase)).length < livingMax
}
