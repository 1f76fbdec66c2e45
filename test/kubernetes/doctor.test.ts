// `berth doctor --kubernetes` finds what a cluster lacks, and says the way out; what it asks for is what the manifests grant.
import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { clusterApiGroup, clusterApiKinds, namespaces, nodes } from '../../src/drivers/kubernetes/api/resources.ts'
import { deploymentLabel } from '../../src/drivers/kubernetes/deployments/cluster-api.ts'
import type { MachineDeployment } from '../../src/drivers/kubernetes/deployments/scale.ts'
import { examine, type Offered, securityFinding, versionFinding } from '../../src/drivers/kubernetes/doctor.ts'
import type { ClusterApiSettings } from '../../src/drivers/kubernetes/machine-settings.ts'
import { defaultZoneLabel, specLabel } from '../../src/drivers/kubernetes/node.ts'
import { clusterApiPermissions, permissions } from '../../src/drivers/kubernetes/permissions.ts'
import { clusterApiComponent, type Rule } from './chart.ts'
import { openCluster } from './cluster.ts'
import { FakeNodes } from './fake-nodes.ts'

const wipe = { image: 'wipe:1', command: ['/wipe'], paths: ['/data'], privileged: false, timeoutSeconds: 60 }
const offer: Offered = { zoneId: 'zone-a', specId: 'spec-a', cpuMilli: 4_000, memoryMib: 16_384, gpuCount: 2 }

async function open(nodeCount = 2) {
  const cluster = await openCluster()
  const { double, run } = cluster
  if (double === null) throw new Error('this test is about the double')
  const api = cluster.api()
  const labels = { [specLabel]: 'spec-a', [defaultZoneLabel]: 'zone-a' }
  await new FakeNodes({ api, prefix: run, labels, renews: false }).make(nodeCount)
  const settings = {
    systemNamespace: 'berth-system',
    zoneLabel: defaultZoneLabel,
    zones: {},
    tolerated: [],
    wipe,
    clusterApi: null,
  }
  const look = async (offers = [offer], clusterApi: ClusterApiSettings | null = null, deadlineMs = 10_000) => {
    const findings = await examine({
      api: cluster.api({ deadlineMs }),
      source: 'a test',
      settings: { ...settings, clusterApi },
      offers,
    })
    return findings.map(({ state, check, message }) => `${state} ${check}: ${message}`)
  }
  return { double, api, run, look }
}

test('a cluster that is as it should be', async () => {
  const { look, double } = await open()
  expect(await look()).toEqual([
    `ok reach: ${double.url}/, by a test`,
    'ok version: the cluster is v1.36.0',
    `ok permissions: all ${permissions({ wipes: true }).length} that Berth needs are given`,
    'ok nodes of spec-a in zone-a: 2, of which 0 are claimed and 2 are free',
    'ok pod security: berth-system lets wipes mount directories of their node',
  ])
})

test('what is not allowed is named, with what it is for', async () => {
  const { look, double } = await open()
  double.allows = ({ verb, resource }) => resource !== 'configmaps' && !(verb === 'patch' && resource === 'nodes')
  const failed = (await look()).filter(line => line.startsWith('failed'))
  expect(failed).toHaveLength(4)
  expect(failed[0]).toMatch(/patch nodes is not allowed \(machines are nodes\): packaging.*rbac\.yaml grants it/)
  expect(failed[1]).toMatch('get configmaps in berth-system is not allowed')
  double.allows = () => false
  expect((await look()).some(line => line.includes('nodes of'))).toBe(false)
})

test('nodes that are not what the catalog sells are told of', async () => {
  const { look, api, run } = await open()
  await api.patch(nodes, { name: `${run}-1` }, { metadata: { labels: { 'berth.dev/quarantine': 'by-hand' } } })
  await api.patch(nodes, { name: `${run}-2` }, { metadata: { labels: { [specLabel]: 'spec-x' } } })
  const lines = (
    await look([
      { ...offer, memoryMib: 20_000 },
      { ...offer, zoneId: 'zone-b' },
    ])
  ).slice(3)
  expect(lines[0]).toMatch(/failed nodes of spec-a in zone-a: 1 of 1 hold less than the spec: .* 16384 MiB/)
  expect(lines[1]).toMatch(
    'warning nodes of spec-a in zone-b: there are none: kubectl label node <name> berth.dev/spec=',
  )
  expect(lines[2]).toBe(
    `warning labels: 1 nodes are labelled with a ${specLabel} that no region of this engine sells: ${run}-2`,
  )
  expect(lines[3]).toMatch('warning quarantine: 1 nodes are in quarantine')
})

test('a namespace in which wipes can not run is told of', async () => {
  const { look, api } = await open()
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await api.create(namespaces, { metadata: { name: 'berth-system', labels } })
  expect((await look()).at(-1)).toMatch('failed pod security: berth-system enforces restricted')
  expect(securityFinding('ns', 'privileged').state).toBe('ok')
})

test('a cluster that does not answer, or is too old', async () => {
  const { look, double } = await open(1)
  await double.down()
  onTestFinished(() => double.up())
  expect(await look([offer], null, 200)).toEqual([
    expect.stringMatching(/^failed reach: .*does not answer at .*named by a test$/),
  ])
  const version = (minor: string) => versionFinding({ major: '1', minor, gitVersion: `v1.${minor}` }).state
  expect(['32', '33', '34+'].map(version)).toEqual(['failed', 'ok', 'ok'])
})

const machineDeployment = { zoneId: 'zone-a', specId: 'spec-a', namespace: 'default', name: 'md', minReplicas: null }

/** Of a cluster that has no free node and one MachineDeployment. */
async function openDeployment(maxReplicas: number | null, labels: Record<string, string> = {}) {
  const world = await open(0)
  const { double, api } = world
  double.groups.set(clusterApiGroup, ['v1beta1'])
  const { machineDeployments, machines } = clusterApiKinds('v1beta1')
  await api.create(machineDeployments, {
    ...{ metadata: { namespace: 'default', name: 'md', labels }, spec: { replicas: 2 } },
  } as MachineDeployment)
  const owned = { [deploymentLabel]: 'md' }
  await api.create(machines, { metadata: { namespace: 'default', name: 'md-1', labels: owned } })
  const clusterApi: ClusterApiSettings = {
    ...{ machineDeployments: [{ ...machineDeployment, maxReplicas }], provisionSeconds: 60, released: 'remove' },
  }
  const lines = async () => (await world.look([offer], clusterApi)).filter(line => line.includes('MachineDeployment'))
  return { ...world, lines }
}

test('a MachineDeployment that can be raised, and what keeps one from it', async () => {
  const { lines, double, api } = await openDeployment(5)
  expect(await lines()).toEqual(['ok MachineDeployment default/md: 2 replicas, from 0 to 5: 3 more can be made'])
  const node = {
    metadata: { name: 'md-1', labels: { [specLabel]: 'spec-b' }, annotations: { 'cluster.x-k8s.io/machine': 'md-1' } },
  }
  await api.create(nodes, node)
  expect((await lines())[1]).toMatch(
    /^failed .* 1 of its 1 nodes are not labelled as they are sold: md-1 has .*=spec-b/,
  )
  double.allows = ({ verb, resource, namespace }) =>
    !(verb === 'patch' && resource === 'machinedeployments' && namespace === 'default')
  expect(await lines()).toEqual([
    'failed MachineDeployment default/md: patch machinedeployments in default is not allowed (an order raises it): packaging/kubernetes/components/cluster-api grants it',
  ])
})

test('a MachineDeployment that nobody bounds, that others set, or that is not there', async () => {
  const { lines, double } = await openDeployment(null, { 'topology.cluster.x-k8s.io/owned': '' })
  const [unbounded, owned] = await lines()
  expect(unbounded).toMatch(/^failed .* it is never raised: say .*maxReplicas/)
  expect(owned).toMatch(/^warning .* leave replicas out of it there/)
  double.groups.set(clusterApiGroup, ['v1alpha3'])
  expect((await lines())[0]).toMatch(/^failed .* has Cluster API in v1alpha3 alone: Berth speaks v1beta2 and v1beta1/)
  double.groups.clear()
  expect((await lines())[0]).toMatch(/^failed .* has no Cluster API/)
})

test('the component grants what MachineDeployments ask for', () => {
  const asked = clusterApiPermissions(clusterApiKinds('v1beta2')).map(
    ({ verb, resource }) => `${verb} ${resource.group}/${resource.plural}`,
  )
  const granted = clusterApiComponent.flatMap(({ rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) => verbs.map(verb => `${verb} ${apiGroups}/${resources}`)),
  )
  expect(granted.toSorted()).toEqual(asked.toSorted())
})

test('the manifests grant what is asked for', () => {
  const text = readFileSync('packaging/kubernetes/base/rbac.yaml', 'utf8')
  const roles = parseAllDocuments(text).map(
    document => document.toJS() as { kind: string; metadata: { name: string }; rules?: Rule[] },
  )
  const rulesOf = (kind: string) =>
    roles
      .filter(role => role.kind === kind && role.metadata.name === 'berth-controller')
      .flatMap(({ rules }) => rules ?? [])
  const missing = permissions({ wipes: true }).filter(({ verb, resource, subresource, own }) => {
    const rules = [...rulesOf('ClusterRole'), ...(own ? rulesOf('Role') : [])]
    const name = subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`
    const grants = (rule: Rule) =>
      rule.apiGroups.includes(resource.group) && rule.resources.includes(name) && rule.verbs.includes(verb)
    return !rules.some(grants)
  })
  expect(missing.map(({ verb, resource }) => `${verb} ${resource.plural}`)).toEqual([])
})
