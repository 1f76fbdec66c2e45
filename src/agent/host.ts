import { execFile } from 'node:child_process'
import { availableParallelism, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { bootId } from '../lib/boot-id.ts'
import type { HostState } from './protocol.ts'

/** What this host has. Graphics cards are asked of `nvidia-smi`; without it there are none. */
export async function describeHost(limits: HostState['limits']): Promise<HostState> {
  return {
    pid: process.pid,
    bootId: await bootId(),
    limits,
    cpus: availableParallelism(),
    memoryMiB: Math.floor(totalmem() / 2 ** 20),
    gpus: await listGpus(),
  }
}

async function listGpus(): Promise<HostState['gpus']> {
  const args = ['--query-gpu=index,name,memory.total', '--format=csv,noheader,nounits']
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', args, { timeout: 5_000 })
    return stdout.split('\n').flatMap(line => {
      const [index, model, memoryMiB] = line.split(',').map(cell => cell.trim())
      return model === undefined ? [] : [{ index: Number(index), model, memoryMiB: Number(memoryMiB) }]
    })
  } catch {
    return []
  }
}
