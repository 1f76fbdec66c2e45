// The nodes that a story sells as machines: those that BERTH_TEST_NODES names, labelled for it and as they were before
// afterwards, or else those that the operator has labelled.
import type { ApiServer } from '../../../src/drivers/kubernetes/api/api-server.ts'
import { namespaces, nodes } from '../../../src/drivers/kubernetes/api/resources.ts'
import { defaultZoneLabel, isClaimed, keptNode, type Node, specLabel } from '../../../src/drivers/kubernetes/node.ts'
import { installationLabel } from '../../../src/drivers/kubernetes/pod-labels.ts'

const testZoneLabel = 'berth.dev/test-zone'
const testSpec = 'demo.small'

export interface TestNodes {
  names: string[]
  /** Of one of them: an address towards which this host has one of its own. */
  address: string
  specId: string
  zoneLabel: string
  zone: string
}

/** null: nobody has named or labelled any. With fewer free ones than are needed it fails, and says so. */
export async function testNodes(
  api: ApiServer,
  { atLeast, run, open }: { atLeast: number; run: string; open: AsyncDisposableStack },
): Promise<TestNodes | null> {
  const named = (process.env.BERTH_TEST_NODES ?? '').split(',').filter(name => name !== '')
  const all = (await api.list<Node>(nodes)).items
  const wanted = named.length > 0 ? all.filter(({ metadata }) => named.includes(metadata.name)) : labelledAlike(all)
  if (wanted.length === 0 && named.length === 0) return null
  const free = wanted.filter(node => isFree(node))
  const [first] = free
  if (first === undefined || free.length < atLeast) {
    const which = named.length > 0 ? `of ${named.join(', ')}` : `with the label ${specLabel}`
    throw new Error(
      `${atLeast} free and ready nodes ${which} are needed, there are ${free.length}: name nodes in BERTH_TEST_NODES`,
    )
  }
  const names = free.map(({ metadata }) => metadata.name)
  const address = first.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? ''
  open.defer(() => takeBack(api, free, named.length > 0))
  if (named.length === 0) {
    const { specId, zone } = keptNode(defaultZoneLabel)(first)
    return { names, address, specId: specId ?? '', zoneLabel: defaultZoneLabel, zone: zone ?? '' }
  }
  const labels = { [specLabel]: testSpec, [testZoneLabel]: run }
  for (const name of names) await api.patch<Node>(nodes, { name }, { metadata: { labels } })
  return { names, address, specId: testSpec, zoneLabel: testZoneLabel, zone: run }
}

function isFree(node: Node): boolean {
  const kept = keptNode(defaultZoneLabel)(node)
  return kept.notReady === null && !isClaimed(kept) && !kept.isUnschedulable && !kept.isGoing
}

/** The most of one spec and zone. */
function labelledAlike(all: readonly Node[]): Node[] {
  const kept = keptNode(defaultZoneLabel)
  const labelled = all.filter(node => isFree(node) && kept(node).specId !== null && kept(node).zone !== null)
  const alike = [...Map.groupBy(labelled, node => `${kept(node).specId} ${kept(node).zone}`).values()]
  return alike.toSorted((a, b) => b.length - a.length)[0] ?? []
}

/** As they were before, also where the story broke off; and nothing is left in the cluster of the Berth that had them. */
async function takeBack(api: ApiServer, before: readonly Node[], wereLabelled: boolean): Promise<void> {
  for (const { metadata } of before) {
    const now = await api.get<Node>(nodes, { name: metadata.name })
    if (now === null) continue
    const installation = now.metadata.labels?.[installationLabel]
    if (installation !== undefined && metadata.labels?.[installationLabel] === undefined)
      await removeNamespaces(api, installation)
    const ours = (keys: object = {}) => Object.keys(keys).filter(key => key.startsWith('berth.dev/'))
    const asBefore = (keys: string[], old: Record<string, string> = {}) =>
      Object.fromEntries(keys.map(key => [key, old[key] ?? null]))
    const labels = asBefore(
      ours(now.metadata.labels).filter(key => wereLabelled || key !== specLabel),
      metadata.labels,
    )
    const annotations = asBefore(ours(now.metadata.annotations), metadata.annotations)
    const taints = (now.spec?.taints ?? []).filter(
      ({ key }) => !key.startsWith('berth.dev/') && key !== 'node.kubernetes.io/unschedulable',
    )
    const spec = { taints, unschedulable: null }
    await api.patch<Node>(nodes, { name: metadata.name }, { metadata: { labels, annotations }, spec })
  }
}

export async function removeNamespaces(api: ApiServer, installationId: string): Promise<void> {
  const { items } = await api.list(namespaces, { labelSelector: `${installationLabel}=${installationId}` })
  for (const { metadata } of items) await api.delete(namespaces, { name: metadata.name })
}
