import { describe, expect, test } from 'vitest'
import { isRefusal } from '../lib/errors.ts'
import { kubernetesOf } from './kubernetes.ts'
import { parseConfigFile } from './schema.ts'

const read = (text: string) =>
  kubernetesOf(parseConfigFile(text, 'berth.yaml').kubernetes, path => `/etc/berth/${path}`)

function mistakesOf(text: string): string {
  try {
    read(text)
    return ''
  } catch (error) {
    if (!isRefusal(error, 'InvalidConfig')) throw error
    return error.message
  }
}

const workers = '{ name: w, spec: c4, zone: zone-a, maxReplicas: 9 }'
const catalog = `catalog:
  specs: { c4: { cpu: 4, memory: 16GiB } }
  regions:
    cluster-1:
      name: Cluster 1
      engine: kubernetes
      zones: { zone-a: { name: A, offers: { c4: { stock: 9, postpaid: { hour: 1 } } } } }
`
const deployments = (list: string, more = '') =>
  `kubernetes: { clusterApi: { ${more} machineDeployments: [${list}] } }\n${catalog}`

describe('kubernetes', () => {
  test('is reached as kubectl reaches it, and keeps what is of no account in berth-system', () => {
    const { kubeconfig, context, machines, pods } = read('currency: CNY')
    expect([kubeconfig, context]).toEqual([null, null])
    expect(machines).toEqual({
      ...{ systemNamespace: 'berth-system', zoneLabel: 'topology.kubernetes.io/zone' },
      ...{ zones: {}, tolerated: [], wipe: null, clusterApi: null },
    })
    expect(pods).toMatchObject({ systemNamespace: 'berth-system', runAsUser: 10_001, readOnlyRoot: true })
  })

  test('finds its kubeconfig beside berth.yaml; both halves know the same taints', () => {
    const wipe = 'wipe: { image: wipe:1, command: [/wipe], paths: [/data], timeoutSeconds: 60 }'
    const text = `kubernetes: { kubeconfig: cluster/config, tolerates: [nvidia.com/gpu], ${wipe} }`
    const { kubeconfig, machines, pods } = read(text)
    expect(kubeconfig).toBe('/etc/berth/cluster/config')
    expect([machines.tolerated, pods.tolerated]).toEqual([['nvidia.com/gpu'], ['nvidia.com/gpu']])
    expect(machines.wipe).toMatchObject({ paths: ['/data'], privileged: false, timeoutSeconds: 60 })
  })

  test('MachineDeployments are read with what they make, and where they are', () => {
    const { management, machines } = read(deployments(`${workers}`, 'kubeconfig: management,'))
    expect(management).toEqual({ kubeconfig: '/etc/berth/management', context: null })
    const made = { namespace: 'default', name: 'w', specId: 'c4', zoneId: 'zone-a', minReplicas: null, maxReplicas: 9 }
    expect(machines.clusterApi).toEqual({ provisionSeconds: 1_200, released: 'remove', machineDeployments: [made] })
  })

  test.each([
    ['kubernetes: { systemNamespace: Berth }', 'kubernetes.systemNamespace: expected the name of a namespace'],
    ['kubernetes: { zones: { zone-a: "eu west" } }', 'kubernetes.zones.zone-a: expected the value of a label'],
    ['kubernetes: { wipe: { image: wipe } }', 'kubernetes.wipe.command: '],
    ['kubernetes: { wipe: { image: wipe, command: [/wipe] } }', 'kubernetes.wipe.paths: it could reach nothing'],
    ['kubernetes: { wipe: { image: w, command: [/w], paths: [/] } }', 'kubernetes.wipe.paths.0: expected an absolute'],
    ['kubernetes: { runAsUser: 0 }', 'kubernetes.runAsUser: expected a whole number from 1'],
    ['kubernetes: { ephemeralStorage: 10 }', 'kubernetes.ephemeralStorage: expected a size'],
    ['kubernetes: { clusterApi: { machineDeployments: [] } }', 'machineDeployments: name one, or leave clusterApi out'],
    [deployments('{ name: Workers, spec: c4, zone: zone-a }'), '.0.name: expected the name of a MachineDeployment'],
    [deployments('{ name: w, spec: c8, zone: zone-a }'), '.0.spec: zone zone-a has no offer of c8 under catalog'],
    [
      deployments('{ name: w, spec: c4, zone: zone-b }'),
      '.0.zone: no region with engine: kubernetes has a zone zone-b',
    ],
    [deployments('{ name: w, spec: c4, zone: zone-a, minReplicas: 3, maxReplicas: 2 }'), 'it is more than maxReplicas'],
    [deployments('{ name: w, spec: c4, zone: zone-a, maxReplicas: many }'), 'maxReplicas: expected a whole number'],
    [
      deployments(`${workers}, { name: other, spec: c4, zone: zone-a }`),
      'default/w makes nodes of c4 in zone-a already',
    ],
    [deployments(`${workers}, ${workers}`), '.1.name: default/w is named twice'],
    [deployments(workers, 'provisionSeconds: 3600,'), 'provisionSeconds: expected a whole number from 60 to 1700'],
    [deployments(workers, 'released: delete,'), 'clusterApi.released: '],
  ])('refuses %s', (text, message) => {
    expect(mistakesOf(text)).toContain(message)
  })
})
