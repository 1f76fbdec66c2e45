// Runtimes on a test's own nodes, whose pods are real processes; on the double, or on the control plane that the run was given.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { ApiServer } from '../../src/drivers/kubernetes/api/api-server.ts'
import type { KubeObject } from '../../src/drivers/kubernetes/api/objects.ts'
import {
  nodes as nodeResource,
  podDisruptionBudgets,
  pods,
  replicaSets,
} from '../../src/drivers/kubernetes/api/resources.ts'
import { installationLabel, machineLabel } from '../../src/drivers/kubernetes/pod-labels.ts'
import { KubernetesRuntime, type KubernetesRuntimeOptions } from '../../src/drivers/kubernetes/runtime.ts'
import type { PodSettings } from '../../src/drivers/kubernetes/settings.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import type { Launch, RuntimeObservation, RuntimeRef } from '../../src/services/driver.ts'
import { isEnded, isReady, observed } from '../drivers/observed.ts'
import { aLaunch } from '../drivers/runtime-contract.ts'
import { openCluster, realKubeconfig, type TestCluster } from './cluster.ts'
import { ControlLoops } from './nodes/control-loops.ts'
import { openKubeletServer } from './nodes/kubelet-server.ts'
import { NodeDouble, type NodeSpec } from './nodes/node-double.ts'
import { podSettings } from './pod-launch.ts'

export interface RuntimePlace {
  cluster: TestCluster
  api: ApiServer
  nodes: NodeDouble
  settings: PodSettings
  dataDir: string
  driver: KubernetesRuntime
  /** Another one on the same cluster, as a controller that starts after it. */
  reopen(change?: Partial<KubernetesRuntimeOptions>): KubernetesRuntime
}

/** The machine of `aLaunch`. */
export const contractMachine = 'eas-i-contract'

export async function aRuntimePlace(
  more: { nodes?: Partial<NodeSpec>[]; settings?: Partial<PodSettings> } = {},
): Promise<RuntimePlace> {
  const cluster = await openCluster()
  const api = cluster.api()
  const specs = (more.nodes ?? [{}]).map((spec, index) => nodeOf(cluster, spec, index))
  const kubelet = cluster.double ? null : await openKubeletServer()
  const entrypoints = berthImage(more.settings?.modelServerImage ?? 'registry.test/berth')
  const nodes = new NodeDouble({ api, nodes: specs, backoffMs: 300, entrypoints, workingDirectory: root, kubelet })
  kubelet?.serve(nodes)
  const { double } = cluster
  const loops = double ? new ControlLoops(double, cluster.api()) : null
  if (double) double.answerLog = (key, query, res) => nodes.answerLog(key, query, res)
  onTestFinished(async () => {
    await nodes.close()
    loops?.close()
    await kubelet?.close()
    if (!double) await dropAll(api, cluster.run)
  })
  await nodes.start()
  loops?.start()
  const dataDir = mkdtempSync(join(tmpdir(), 'berth-kubernetes-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const settings: PodSettings = {
    ...podSettings,
    installationId: cluster.run,
    ephemeralStorageMib: 64,
    ...more.settings,
  }
  const reopen = (change: Partial<KubernetesRuntimeOptions> = {}): KubernetesRuntime => {
    const own = { settings, dataDir, clock: systemClock, log: silentLog, firstListMs: 2_000 }
    const driver = new KubernetesRuntime({ ...own, api: change.api ?? cluster.api(), ...change })
    onTestFinished(() => driver.close())
    return driver
  }
  return { cluster, api, nodes, settings, dataDir, driver: reopen(), reopen }
}

/** Nobody runs them any more: they go without a word of their nodes. */
async function dropAll(api: ApiServer, installationId: string): Promise<void> {
  const query = { labelSelector: `${installationLabel}=${installationId}` }
  for (const resource of [replicaSets, podDisruptionBudgets, pods]) {
    const { items } = await api.list<KubeObject>(resource, query)
    for (const { metadata } of items) {
      const { name, namespace = '' } = metadata
      await api.delete(resource, { name, namespace }, resource === pods ? { graceSeconds: 0 } : {})
    }
  }
}

/** A node with a kubelet of its own, and an image with Node in it; null: none is named for tests. */
export const realNode = ((): { name: string; image: string } | null => {
  const [name = ''] = (process.env.BERTH_TEST_NODES ?? '').split(',')
  const image = process.env.BERTH_TEST_NODE_IMAGE ?? ''
  return realKubeconfig === undefined || name === '' || image === '' ? null : { name, image }
})()

/** On that node, which is the machine of `aLaunch` for as long as a test runs. */
export async function aDriverOnKubelet(name: string): Promise<KubernetesRuntime> {
  const cluster = await openCluster()
  const api = cluster.api()
  const label = (machineId: string | null) =>
    api.patch<KubeObject>(nodeResource, { name }, { metadata: { labels: { [machineLabel]: machineId } } })
  const dataDir = mkdtempSync(join(tmpdir(), 'berth-kubernetes-'))
  const settings: PodSettings = { ...podSettings, installationId: cluster.run, ephemeralStorageMib: 64 }
  const driver = new KubernetesRuntime({ api: cluster.api(), settings, dataDir, clock: systemClock, log: silentLog })
  onTestFinished(async () => {
    await driver.close()
    await dropAll(api, cluster.run)
    await label(null)
    rmSync(dataDir, { recursive: true, force: true })
  })
  await label(contractMachine)
  return driver
}

function nodeOf({ run, runLabel }: TestCluster, spec: Partial<NodeSpec>, index: number): NodeSpec {
  const machineId = index === 0 ? contractMachine : `${contractMachine}-${index}`
  return {
    ...{ name: `${run}-node-${index}`, cpu: '16', memory: '64Gi' },
    ...{ taints: [{ key: 'berth.dev/group', value: 'eas-r-contract', effect: 'NoSchedule' }] },
    ...spec,
    labels: { 'berth.dev/machine': machineId, [runLabel.key]: runLabel.value, ...spec.labels },
  }
}

/** What the image of Berth runs, from this checkout. */
const root = join(import.meta.dirname, '..', '..')
const berthImage = (image: string): Map<string, readonly string[]> =>
  new Map([[image, [process.execPath, '--disable-warning=ExperimentalWarning']]])

export const pass = (): Promise<unknown> => pause(20)

export const anImage = (script: string, port = 8_000): Extract<Launch['program'], { kind: 'image' }> => ({
  ...{ kind: 'image', image: 'registry.test/node', argv: [process.execPath, '-e', script], port },
})

export const listens = 'listen(process.env.PORT, process.env.HOST)'
export const serves = `console.log('hello'); require('http').createServer((req, res) => res.end('ok')).${listens}
  process.on('SIGTERM', () => { console.log('bye'); process.exit(0) })`

export const readyOf = (driver: KubernetesRuntime, ref: RuntimeRef): Promise<RuntimeObservation> =>
  observed(driver, ref, { is: 'ready', so: isReady, pass })

export const endOf = (driver: KubernetesRuntime, ref: RuntimeRef): Promise<RuntimeObservation> =>
  observed(driver, ref, { is: 'ended', so: isEnded, pass })

export async function aReady(
  { driver }: Pick<RuntimePlace, 'driver'>,
  script = serves,
  change: Partial<Launch> = {},
): Promise<Launch> {
  const launch = aLaunch(anImage(script), change)
  await driver.ensure(launch)
  await readyOf(driver, launch)
  return launch
}
