// The cluster that a suite runs on: the double, or the real one whose kubeconfig `npm run test:kubernetes` hands on. What a test
// makes there is labelled with its run, and taken away at its end.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ApiServer, type ApiServerOptions } from '../../src/drivers/kubernetes/api/api-server.ts'
import { Connection } from '../../src/drivers/kubernetes/api/connection.ts'
import { clusterAccess } from '../../src/drivers/kubernetes/api/kubeconfig.ts'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'
import { namespaces, nodes } from '../../src/drivers/kubernetes/api/resources.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { KubernetesDouble } from './double/kubernetes-double.ts'

/** Of a real cluster; undefined: the double. */
export const realKubeconfig = process.env.BERTH_TEST_KUBECONFIG

export interface TestCluster {
  kubeconfig: string
  /** null: the cluster is real. */
  double: KubernetesDouble | null
  /** Part of the names of what this test makes. */
  run: string
  api(options?: Partial<ApiServerOptions>): ApiServer
  /** One of its own; nothing is left of it afterwards. */
  namespace(labels?: Record<string, string>): Promise<string>
  /** Nodes are of no namespace: one that carries the label of this run is taken away. */
  runLabel: { key: string; value: string }
}

export async function openCluster(): Promise<TestCluster> {
  if (realKubeconfig !== undefined) return clusterAt(realKubeconfig, null)
  const double = new KubernetesDouble()
  await double.up()
  const directory = mkdtempSync(join(tmpdir(), 'berth-double-'))
  const path = join(directory, 'kubeconfig')
  writeFileSync(path, double.kubeconfig())
  onTestFinished(async () => {
    await double.down()
    rmSync(directory, { recursive: true })
  })
  return clusterAt(path, double)
}

export function connect(kubeconfig: string, options: Partial<ApiServerOptions> = {}): ApiServer {
  const access = clusterAccess({ kubeconfig, context: null, env: {} })
  const connection = new Connection(access, { clock: systemClock, env: {} })
  onTestFinished(() => connection.close())
  return new ApiServer({ connection, clock: systemClock, ...options })
}

function clusterAt(kubeconfig: string, double: KubernetesDouble | null): TestCluster {
  const run = `berth-test-${randomBytes(4).toString('hex')}`
  const own = connect(kubeconfig)
  const runLabel = { key: 'berth.dev/test', value: run }
  onTestFinished(async () => {
    if (double) return
    const { items } = await own.list(nodes, { labelSelector: `${runLabel.key}=${runLabel.value}` })
    await Promise.all(items.map(({ metadata }) => own.delete(nodes, { name: metadata.name })))
  })
  const namespace = async (labels: Record<string, string> = {}): Promise<string> => {
    const name = `${run}-${randomBytes(2).toString('hex')}`
    await own.create<AnyObject>(namespaces, { metadata: { name, labels } })
    onTestFinished(async () => {
      if (!double) await own.delete(namespaces, { name })
    })
    return name
  }
  return { kubeconfig, double, run, runLabel, namespace, api: options => connect(kubeconfig, options) }
}
