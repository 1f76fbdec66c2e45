// Starts `cluster-process.ts`; its kubeconfig is a file.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryRoot } from '../temporary.ts'
import type { ClusterOrder } from './cluster-process.ts'

export interface ClusterProcess {
  kubeconfig: string
  close(): Promise<void>
}

export async function openClusterProcess(order: ClusterOrder): Promise<ClusterProcess> {
  const program = fileURLToPath(new URL('cluster-process.ts', import.meta.url))
  const child = fork(program, [JSON.stringify(order)], { execArgv: ['--disable-warning=ExperimentalWarning'] })
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const said = await new Promise<{ kubeconfig: string }>((resolve, reject) => {
    child.once('message', message => resolve(message as { kubeconfig: string }))
    child.once('exit', code => reject(new Error(`the cluster's process ended with ${code}`)))
  })
  const directory = mkdtempSync(join(temporaryRoot, 'berth-cluster-'))
  const path = order.kubeconfig ?? join(directory, 'kubeconfig')
  if (order.kubeconfig === null) writeFileSync(path, said.kubeconfig)
  return {
    kubeconfig: path,
    close: async () => {
      child.disconnect()
      await gone
      rmSync(directory, { recursive: true })
    },
  }
}
