// The main job by the command line alone: money, machines, a model, a picture, a drain, renewal, scale-in, the bill.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Berth } from './berth.ts'

let host: Berth
const picture = 'examples/digits/pictures/7-a.png'
const service = 'examples/digits/service.json'

interface Items<T> {
  items: T[]
}
interface Machine {
  machineId: string
  groupId: string
  chargeType: string
  phase: string
  expiresAt: string | null
}
interface Order {
  orderId: string
  phase: string
  groupId: string
  totalFen: string
}

beforeAll(async () => {
  host = await Berth.start()
})
afterAll(() => host?.stop())

const machinesOf = (group: string) => host.json<Items<Machine>>('machine', 'list', '--group', group)

describe('a person with a terminal and no browser', () => {
  test('finds out what runs, who they are and what can be bought', async () => {
    const [status, who, operator, offerings] = await Promise.all([
      host.berth('status'),
      host.json<{ role: string }>('whoami'),
      host.json<{ role: string }>('whoami', '--as', 'operator'),
      host.berth('offerings'),
    ])
    expect(status.code).toBe(0)
    expect(status.stdout).toMatch(/control +running/)
    expect([who.role, operator.role]).toEqual(['owner', 'operator'])
    expect(offerings.stdout).toMatch(/local-a +host\.small .* prepaid +4\/4 +1: 30\.00/)
  })

  test('tops up, buys a group after its quote, and sees its machines', async () => {
    await host.json('wallet', 'top-up', '500')
    const bought = await host.berth('group', 'buy', 'vision', '--spec', 'host.small', '--quantity', '2', '--yes')
    expect(bought).toMatchObject({ code: 0, stdout: expect.stringMatching(/phase +fulfilled/) })
    expect(bought.stderr).toContain('(30.00/month × 1 = 30.00) × 2 machines = 60.00')
    const [shown, listed, { items }] = await Promise.all([
      host.berth('group', 'show', 'vision'),
      host.json<Items<{ name: string; runningMachines: number }>>('group', 'list'),
      machinesOf('vision'),
    ])
    expect(shown.stdout).toMatch(/machines +2 \(2 running, 2 prepaid, 0 postpaid\)/)
    expect(listed.items).toMatchObject([{ name: 'vision', runningMachines: 2 }])
    expect(items.map(machine => machine.phase)).toEqual(['running', 'running'])
  })

  test('deploys the model beside its JSON, waits, and has a picture read', async () => {
    const deployed = await host.berth('service', 'deploy', service, '--group', 'vision', '--timeout', '40')
    expect(deployed).toMatchObject({ code: 0, stdout: expect.stringContaining('2 of 2 instances are running') })
    const [invoked, logs, described, balanced] = await Promise.all([
      host.berth('invoke', 'digits', '--file', picture),
      host.berth('logs', 'digits'),
      host.berth('invoke', 'digits', '--path', '/v2/models/digits'),
      host.berth('group', 'rebalance', 'vision'),
    ])
    expect(balanced).toMatchObject({ code: 0, stderr: expect.stringContaining('It is balanced already') })
    expect(JSON.parse(invoked.stdout)).toMatchObject({ predictions: [{ label: '7' }, {}, {}] })
    expect(logs.stdout).toContain('model server ready')
    expect(JSON.parse(described.stdout)).toMatchObject({ name: 'digits', inputs: [{ name: 'image' }] })
  })

  test('drains a machine once there is room, and gets the receipt', async () => {
    const { items } = await host.json<Items<{ machineId: string }>>('service', 'instances', 'digits')
    const machineId = items[0]?.machineId ?? ''
    const said = await host.berth('machine', 'drain', machineId, '--dry-run')
    expect(said).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/digits +digits-\S+ +move: no room, needs 1 more/),
    })
    expect(said.stderr).toContain('Nothing was done.')
    const blocked = await host.berth('machine', 'drain', machineId, '--timeout', '1')
    expect(blocked).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining('It goes on') })
    const added = await host.json<Order>('group', 'add', 'vision', '--spec', 'host.small', '--postpaid', '--yes')
    expect(added).toMatchObject({ phase: 'fulfilled', totalFen: '0' })
    const drain = () => host.json<{ phase: string; receipt: object }>('machine', 'drain-show', machineId)
    await expect.poll(drain, { timeout: 30_000 }).toMatchObject({ phase: 'drained' })
    expect(await drain()).toMatchObject({ receipt: { instances: 1, moved: 1, requestsFailed: 0 } })
    const lifted = await host.berth('machine', 'uncordon', machineId, '--dry-run')
    expect(lifted.stdout).toMatch(/lift holds +person user:/)
    const shown = await host.berth('machine', 'drain-show', machineId)
    expect(shown.stdout).toMatch(/service instances moved +1 of 1/)
    const uncordoned = await host.berth('machine', 'uncordon', machineId)
    expect(uncordoned.stderr).toContain(`${machineId} is Ready.`)
  })

  test('renews one machine, switches automatic renewal, and the expiry moves by a month', async () => {
    const before = (await machinesOf('vision')).items.find(machine => machine.chargeType === 'prepaid')
    const machineId = before?.machineId ?? ''
    const order = await host.json<Order>('machine', 'renew', machineId, '--yes')
    expect(order).toMatchObject({ phase: 'fulfilled', totalFen: '3000' })
    const after = await host.json<Machine>('machine', 'show', machineId)
    const days = Temporal.Instant.from(before?.expiresAt ?? '')
      .until(after.expiresAt ?? '')
      .total('days')
    expect(days).toBeGreaterThanOrEqual(28)
    const automatic = await host.json<Items<object>>('machine', 'auto-renew', machineId, '--set', 'on', '--months', '3')
    expect(automatic.items).toMatchObject([{ machineId, autoRenew: true, autoRenewMonths: 3 }])
    const trace = await host.berth('order', 'trace', order.orderId)
    expect(trace.stdout).toMatch(/capture +30\.00/)
    const { billingZone } = await host.json<{ billingZone: string }>('machine', 'expiries')
    const day = Temporal.Instant.from(after.expiresAt ?? '')
      .toZonedDateTimeISO(billingZone)
      .toPlainDate()
    const expiries = await host.berth('machine', 'expiries', '--month', day.toPlainYearMonth().toString())
    expect(expiries.stdout).toMatch(new RegExp(`${day} +1 +1 +86\\.40`))
  })

  test('scales the service in, releases the machine that is empty then, and reads the bill', async () => {
    const scaled = await host.json<{ replicas: number; status: string }>('service', 'scale', 'digits', '1')
    expect(scaled).toMatchObject({ replicas: 1, status: 'Running' })
    const machine = (await machinesOf('vision')).items.find(one => one.chargeType === 'postpaid')
    await host.json('machine', 'drain', machine?.machineId ?? '', '--timeout', '40')
    expect(await host.berth('machine', 'release', machine?.machineId ?? '', '--yes')).toMatchObject({ code: 0 })
    const [bill, table, wallet] = await Promise.all([
      host.json<{ totals: object; wallet: object }>('bill'),
      host.berth('bill'),
      host.json<{ cashFen: string }>('wallet', 'show'),
    ])
    expect(bill).toMatchObject({ totals: { prepaidFen: '9000' }, wallet: { topUpFen: '50000', paidFen: '9000' } })
    expect(table.stdout).toMatch(/prepaid +90\.00/)
    expect(wallet.cashFen).toBe('41000')
  })

  test('is told where a service stands, whether more of it fits, what would help and what to buy', async () => {
    const [placed, more, none, json] = await Promise.all([
      host.berth('explain', 'placement', 'digits'),
      host.berth('service', 'scale', 'digits', '3', '--dry-run'),
      host.berth('service', 'scale', 'digits', '900', '--dry-run'),
      host.json<{ verdict: string; buy: object[] }>('service', 'scale', 'digits', '900', '--dry-run'),
    ])
    expect(placed.stdout).toMatch(/digits-\S+ +Running +eas-i-/)
    expect(placed.stdout).toContain('Nothing asks for a place.')
    expect(more.stdout).toMatch(/It does not fit: 1 of \d instances finds no place\./)
    expect(more.stdout).toMatch(
      /buy 1 × host\.small in local-a, 1\.44 in 24 hours: berth group add eas-r-\S+ --spec host\.small/,
    )
    expect(none.stdout).toMatch(/It does not fit: \d+ of \d+ instances find no place\./)
    expect(none.stdout).toContain('No machine that is sold in its region and in stock would be enough by itself.')
    expect(json).toMatchObject({ verdict: 'does_not_fit', buy: [] })
  })

  test('reads the statement of the month, has a line of it explained, and sees that the books are right', async () => {
    const { items } = await host.json<Items<{ month: string; phase: string }>>('statement', 'list')
    const month = items[0]?.month ?? ''
    expect(items[0]?.phase).toBe('draft')
    const shown = await host.berth('statement', 'show', month)
    expect(shown.stdout).toMatch(/prepaid +90\.00/)
    const lines = await host.berth('statement', 'lines', month)
    const lineId = lines.stdout.split('\n')[1]?.split(',').at(-1) ?? ''
    const [english, chinese] = [
      await host.berth('explain', lineId),
      await host.berth('explain', lineId, '--language', 'zh'),
    ]
    expect(english.stdout).toMatch(/price list of .*\n.*30\.00 × 1\n.*rounded half-up, once: 30\.00\n/)
    expect(chinese.stdout).toMatch(/合计 30\.00 元/)
    expect((await host.berth('auditor')).stdout).toMatch(/billing {2}runs\n/)
  })

  test('brings machines of different expiries to the latest of them, then to a later day', async () => {
    const prepaid = (await machinesOf('vision')).items.filter(machine => machine.chargeType === 'prepaid')
    const machineIds = prepaid.map(machine => machine.machineId)
    const latest =
      prepaid
        .map(machine => machine.expiresAt ?? '')
        .toSorted()
        .at(-1) ?? ''
    const alignment = await host.json<Order>('machine', 'align', ...machineIds, '--yes')
    expect(alignment).toMatchObject({ kind: 'alignment', phase: 'fulfilled', quantity: 1 })
    const expiries = async () =>
      new Set((await machinesOf('vision')).items.flatMap(one => (one.chargeType === 'prepaid' ? [one.expiresAt] : [])))
    expect(await expiries()).toEqual(new Set([latest]))
    const again = await host.berth('machine', 'align', ...machineIds, '--yes')
    expect(again).toMatchObject({ stdout: '', stderr: expect.stringContaining('expire at') })
    const { billingZone } = await host.json<{ billingZone: string }>('machine', 'expiries')
    const later = Temporal.Instant.from(latest).toZonedDateTimeISO(billingZone).add({ days: 10 })
    const day = later.toPlainDate().toString()
    const said = await host.berth('machine', 'align', ...machineIds, '--day', day, '--yes')
    expect(said.stderr).toMatch(/30\.00\/month × \d+\/\d+ = /)
    expect(await expiries()).toEqual(new Set([later.toInstant().toString()]))
  })

  test('stops, starts and deletes the service; its last log stays readable by its id', async () => {
    const { serviceId } = await host.json<{ serviceId: string }>('service', 'show', 'digits')
    expect(await host.json('service', 'stop', 'digits')).toMatchObject({ status: 'Stopped' })
    expect(await host.berth('invoke', 'digits', '--file', picture)).toMatchObject({ code: 1 })
    expect(await host.json('service', 'start', 'digits')).toMatchObject({ status: 'Running' })
    expect(await host.berth('service', 'delete', 'digits', '--yes')).toMatchObject({ code: 0 })
    expect(await host.berth('service', 'show', 'digits')).toMatchObject({ code: 2 })
    const logs = await host.berth('logs', serviceId)
    expect(logs.stdout).toContain('model server ready')
  })

  test('makes a user and an account with access keys of their own', async () => {
    const made = await host.json<{ account: { accountId: string }; key: { accessKeyId: string; secret: string } }>(
      ...['account', 'create', 'team-b', '--owner', 'bo'],
    )
    const user = await host.json<{ userId: string }>('user', 'create', 'ana', '--role', 'developer')
    expect(await host.json('user', 'create-key', user.userId)).toMatchObject({ userId: user.userId })
    const state = JSON.parse(readFileSync(join(host.home, 'run', 'berth.json'), 'utf8')) as { apiUrl: string }
    Object.assign(host.env, {
      ...{ BERTH_API_URL: state.apiUrl, BERTH_ACCESS_KEY_ID: made.key.accessKeyId },
      BERTH_ACCESS_KEY_SECRET: made.key.secret,
    })
    // The other account, by the environment: it sees nothing of the first one.
    expect(await host.json('whoami')).toMatchObject({ accountId: made.account.accountId, userName: 'bo' })
    expect(await host.json<Items<object>>('group', 'list')).toMatchObject({ items: [] })
  })
})
