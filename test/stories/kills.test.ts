// A service killed in every way on a whole Berth: its status, reason and log tell what happened, another comes in its place,
// and once it is known to be out no request fails. How fast that is, `npm run soak:kills` measures.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { facts, KillWorld, type Outcome, type Way } from './kills.ts'

const world = new KillWorld()
beforeAll(() => world.open(), 120_000)
afterAll(() => world.close(), 60_000)

const ids = (instances: { serviceInstanceId: string }[]): string[] =>
  instances.map(one => one.serviceInstanceId).toSorted()

/** What holds of every way. */
async function killed(way: Way): Promise<Outcome> {
  const outcome = await world.run(way)
  expect(outcome.failedAfterwards, 'failed once it was known to be out').toBe(0)
  expect(outcome.twice, 'executed twice').toBe(0)
  expect(outcome.log[0], 'its log is kept').toBe(`started ${outcome.victim}`)
  return outcome
}

function isReplaced({ before, after, victim, ended }: Outcome): void {
  expect(ended.endedAt).not.toBeNull()
  expect(ids(after)).not.toContain(victim)
  expect(ids(after).filter(id => ids(before).includes(id))).toHaveLength(before.length - 1)
  expect(after).toHaveLength(before.length)
}

const how = ({ ended: { status, cause } }: Outcome) => ({ status, cause })
const cause = (end: object) => expect.objectContaining({ code: 'Ended', ...end })

/** Exits and signals differ in their words alone: all of them are in the soak. */
const told = ['exit 3', 'SIGKILL', 'out of memory', 'hang', 'agent killed, and the service dies'] as const

for (const way of told) {
  test(`${way}: told with its reason, and replaced`, async () => {
    const outcome = await killed(way)
    expect(how(outcome)).toEqual({ status: 'Failed', cause: cause(facts[way]) })
    expect(outcome.events.at(-1)).toBe('service_instance.ended')
    isReplaced(outcome)
  }, 60_000)
}

test('its port never opened: told as StartTimeout, never in the routes, and replaced once more', async () => {
  const outcome = await killed('port never opened')
  isReplaced(outcome)
  expect(outcome.deaf).toMatchObject({ status: 'Failed', readyAt: null, cause: cause({ reason: 'StartTimeout' }) })
}, 60_000)

test('its health lost for a while: out of the routes, and back with the process that it was', async () => {
  const outcome = await killed('health lost')
  expect(ids(outcome.after)).toEqual(ids(outcome.before))
  expect(outcome.ended).toMatchObject({ status: 'Running', ready: true, endedAt: null })
  expect(outcome.events.slice(-2)).toEqual(['service_instance.not_ready', 'service_instance.ready'])
  expect(outcome.failures).toEqual([])
}, 60_000)

test('the agent killed: nothing is lost, no request fails', async () => {
  const outcome = await killed('agent killed')
  expect(outcome.after).toEqual(outcome.before)
  expect(outcome.failures).toEqual([])
}, 60_000)
