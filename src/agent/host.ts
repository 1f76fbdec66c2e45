import { availableParallelism, totalmem } from 'node:os'
import { bootId } from '../lib/boot-id.ts'
import { listCards } from '../lib/graphics-cards.ts'
import type { HostState } from './protocol.ts'

/** What this host has. */
export async function describeHost(limits: HostState['limits']): Promise<HostState> {
  return {
    pid: process.pid,
    bootId: await bootId(),
    limits,
    cpus: availableParallelism(),
    memoryMiB: Math.floor(totalmem() / 2 ** 20),
    gpus: await listCards(),
  }
}
