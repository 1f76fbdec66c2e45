import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../lib/clock.ts'
import { silentLog } from '../../lib/log.ts'
import type { DockerEngine } from './engine.ts'
import type { ContainerInspection, ContainerState } from './engine-types.ts'
import { Notes } from './notes.ts'
import { ServiceContainer } from './service-container.ts'

const killed: ContainerState = {
  ...{ Running: false, OOMKilled: false, ExitCode: 137, Error: '' },
  ...{ StartedAt: '2026-03-01T12:00:00Z', FinishedAt: '2026-03-01T12:00:09Z' },
}

/** A container that the engine finds ended in these states, one look after the other; `looked` is told of each. */
async function found(states: ContainerState[], looked: (clock: ManualClock) => void = () => {}) {
  const directory = mkdtempSync(join(tmpdir(), 'berth-notes-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const clock = new ManualClock(killed.FinishedAt)
  const inspection = (State: ContainerState): ContainerInspection => ({
    ...{ Id: '0c'.repeat(32), State, NetworkSettings: { Ports: {} } },
    Config: { Labels: { 'dev.berth.launch': JSON.stringify({ containerPort: 8_000, health: null, memoryMiB: 128 }) } },
  })
  const [first = killed, ...later] = states
  const engine = {
    inspect: async () => {
      looked(clock)
      return inspection(later.shift() ?? first)
    },
  } as unknown as DockerEngine
  const ctx = {
    ...{ engine, clock, log: silentLog, notes: new Notes(directory), closing: new AbortController().signal },
    ...{ changed: () => {}, connections: async () => null },
  }
  return (await ServiceContainer.open(ctx, 'i1', inspection(first))).ended
}

test('a kill that the engine calls one for want of memory only after the end is told as that', async () => {
  expect(await found([killed, killed, { ...killed, OOMKilled: true }])).toMatchObject({ reason: 'OOMKilled' })
})

test('a kill of which the engine says nothing more within a second is told as a kill', async () => {
  const end = await found([killed], clock => clock.advance({ milliseconds: 400 }))
  expect(end).toMatchObject({ reason: 'Exited', signal: 'SIGKILL' })
})
