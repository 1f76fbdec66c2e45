import { expect, test } from 'vitest'
import { isOomKillIn, kernelKilledForMemory } from './kernel-log.ts'

const id = '5f'.repeat(32)
const record = (group: string, of = 'oom-kill'): string =>
  `6,1204,841293865,-;${of}:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=${id},mems_allowed=0,oom_memcg=${group},task_memcg=${group},task=node,pid=7,uid=0`

test.each([
  ['of a container', record(`/docker/${id}`), true],
  ['of a container under systemd', record(`/system.slice/docker-${id}.scope`), true],
  ['of another container that it shares its processors with', record(`/docker/${'a0'.repeat(32)}`), false],
  ['of the whole host', record('/'), false],
  ['of another matter', record(`/docker/${id}`, 'something'), false],
])('a record %s', (_, text, is) => {
  expect(isOomKillIn(text, id)).toBe(is)
})

test('a log that is closed to us, or says nothing of it, is no word', () => {
  expect(kernelKilledForMemory('00'.repeat(32))).toBe(false)
})
