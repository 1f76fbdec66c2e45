// A restart of a process, and control killed in its midst, again and again: it is taken up where it was, and done once. What a
// control that was killed had begun is looked at again when its lease is over, a minute later.
import { afterAll, beforeAll, test } from 'vitest'
import { until } from '../installation.ts'
import { SteadyWorld } from './steady-world.ts'

const world = new SteadyWorld()
beforeAll(() => world.open(), 120_000)
afterAll(() => world.close(), 60_000)

async function count(kind: string): Promise<number> {
  const lists = (await world.instances()).map(({ serviceInstanceId: subjectId }) =>
    world.owner.call('GET /v1/events', { query: { subjectKind: 'service_instance', subjectId } }),
  )
  return (await Promise.all(lists)).flatMap(({ items }) => items.filter(event => event.kind === kind)).length
}

/** Its routes are gone, it was told to end, its next process is to begin. */
test.each(['leaving', 'stopping', 'process_restarted'])('killed once the instance is %s', async what => {
  const kind = `service_instance.${what}`
  const before = await count(kind)
  await world.restartsProcess(async () => {
    await until(`it is ${what}`, async () => (await count(kind)) > before)
    await world.isBack('control', await world.killed('control'))
    await until('the API answers', () => world.answers())
  }, 120_000)
}, 180_000)
