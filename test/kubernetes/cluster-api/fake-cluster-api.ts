// Plays the controllers of Cluster API for one MachineDeployment: as many Machines as replicas, a fake node for each, and fewer
// of both when it is lowered. What is marked goes first, as there, then what has no node; of the rest the worst choice is made, a
// node that is claimed.
import { onTestFinished } from 'vitest'
import type { ApiServer } from '../../../src/drivers/kubernetes/api/api-server.ts'
import { nodes } from '../../../src/drivers/kubernetes/api/resources.ts'
import { type CapiMachine, deploymentLabel, isMarked } from '../../../src/drivers/kubernetes/deployments/cluster-api.ts'
import type { MachineDeployment } from '../../../src/drivers/kubernetes/deployments/scale.ts'
import { machineLabel } from '../../../src/drivers/kubernetes/pod-labels.ts'
import { sideBySide } from '../../../src/lib/side-by-side.ts'
import type { FakeNodes } from '../fake-nodes.ts'
import { machineDeployments, machines } from './custom-resources.ts'

const atOnce = 8

export interface FakeClusterApiOptions {
  api: ApiServer
  nodes: FakeNodes
  namespace: string
  name: string
}

export class FakeClusterApi {
  /** Nothing is made or removed. */
  isAway = false
  /** False: Machines come, and never a node of them. */
  makesNodes = true
  /** Names of the Machines that it has removed, and of the machines of Berth that had their nodes. */
  readonly removed: { name: string; machineId: string | undefined }[] = []
  readonly #options: FakeClusterApiOptions
  readonly #over = new AbortController()
  #made = 0
  #isStale = false
  #working: Promise<void> | null = null

  constructor(options: FakeClusterApiOptions) {
    this.#options = options
  }

  async deploy(replicas: number, annotations: Record<string, string> = {}): Promise<void> {
    const { api, namespace, name } = this.#options
    const metadata = { namespace, name, annotations }
    await api.create<MachineDeployment>(machineDeployments, { metadata, spec: { replicas } })
    await this.settle()
    const following = this.#follow()
    onTestFinished(async () => {
      this.#over.abort()
      await following
      await this.#working
    })
  }

  async deployment(): Promise<MachineDeployment & { spec: { replicas: number } }> {
    const { name } = this.#options
    const found = await this.#find()
    if (found?.spec?.replicas === undefined) throw new Error(`there is no MachineDeployment ${name}`)
    return { ...found, spec: { replicas: found.spec.replicas } }
  }

  replicas = async (): Promise<number> => (await this.deployment()).spec.replicas

  async scale(replicas: number): Promise<void> {
    const { api, namespace, name } = this.#options
    await api.patch(machineDeployments, { namespace, name }, { spec: { replicas } })
  }

  async machines(): Promise<CapiMachine[]> {
    const { api, namespace, name } = this.#options
    return (await api.list<CapiMachine>(machines, { namespace, labelSelector: `${deploymentLabel}=${name}` })).items
  }

  /** Until there is what is wanted. */
  async settle(): Promise<void> {
    this.#isStale = true
    this.#working ??= this.#work().finally(() => {
      this.#working = null
    })
    await this.#working
  }

  #find(): Promise<MachineDeployment | null> {
    const { api, namespace, name } = this.#options
    return api.get<MachineDeployment>(machineDeployments, { namespace, name })
  }

  async #follow(): Promise<void> {
    const { api, namespace } = this.#options
    const { resourceVersion } = await api.list(machineDeployments, { namespace })
    const { signal } = this.#over
    while (!signal.aborted)
      for await (const _ of api.watch(machineDeployments, { namespace, resourceVersion }, signal)) await this.settle()
  }

  async #work(): Promise<void> {
    while (this.#isStale && !this.isAway && !this.#over.signal.aborted) {
      this.#isStale = false
      // In this order: whoever lowers it has marked the Machine before.
      const found = await this.#find()
      const standing = await this.machines()
      const wanted = found?.spec?.replicas ?? standing.length
      const missing = Array.from({ length: Math.max(0, wanted - standing.length) })
      await sideBySide(missing, atOnce, () => this.#make())
      if (standing.length > wanted) await this.#removeSome(standing, standing.length - wanted)
      // A node takes longer to come than a second look at the number.
      if (standing.length !== wanted) this.#isStale = true
      else if (this.makesNodes) await sideBySide(await this.machines(), atOnce, machine => this.#join(machine))
    }
  }

  async #make(): Promise<void> {
    const { api, namespace, name } = this.#options
    const labels = { [deploymentLabel]: name }
    const own = `${name}-${++this.#made}`
    await api.create<CapiMachine>(machines, {
      metadata: { namespace, name: own, labels },
      spec: { providerID: `fake://${own}` },
    })
  }

  async #join({ metadata: { name }, status }: CapiMachine): Promise<void> {
    const { api, namespace, nodes: fake } = this.#options
    if (status?.nodeRef !== undefined) return
    await fake.add(name, { annotations: { 'cluster.x-k8s.io/machine': name }, providerID: `fake://${name}` })
    await api.patch(machines, { namespace, name }, { status: { nodeRef: { name } } }, { subresource: 'status' })
  }

  async #removeSome(standing: readonly CapiMachine[], count: number): Promise<void> {
    const { api, namespace, nodes: fake } = this.#options
    const { items } = await api.list(nodes)
    const machineOf = ({ status }: CapiMachine): string | undefined =>
      items.find(({ metadata }) => metadata.name === status?.nodeRef?.name)?.metadata.labels?.[machineLabel]
    const rank = (machine: CapiMachine): number => {
      if (isMarked(machine)) return 0
      if (machine.status?.nodeRef === undefined) return 1
      return machineOf(machine) === undefined ? 3 : 2
    }
    const going = standing.toSorted((a, b) => rank(a) - rank(b)).slice(0, count)
    await sideBySide(going, atOnce, async machine => {
      const { name } = machine.metadata
      this.removed.push({ name, machineId: machineOf(machine) })
      if (machine.status?.nodeRef !== undefined) await fake.remove(name)
      await api.delete(machines, { namespace, name })
    })
  }
}
