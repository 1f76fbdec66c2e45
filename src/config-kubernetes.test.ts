import { describe, expect, test } from 'vitest'
import { kubernetesOf } from './config-kubernetes.ts'
import { parseConfigFile } from './config-schema.ts'
import { isRefusal } from './lib/errors.ts'

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

describe('kubernetes', () => {
  test('is reached as kubectl reaches it, and keeps what is of no account in berth-system', () => {
    const { kubeconfig, context, machines, pods } = read('currency: CNY')
    expect([kubeconfig, context]).toEqual([null, null])
    expect(machines).toEqual({
      ...{ systemNamespace: 'berth-system', zoneLabel: 'topology.kubernetes.io/zone' },
      ...{ zones: {}, tolerated: [], wipe: null },
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

  test.each([
    ['kubernetes: { systemNamespace: Berth }', 'kubernetes.systemNamespace: expected the name of a namespace'],
    ['kubernetes: { zones: { zone-a: "eu west" } }', 'kubernetes.zones.zone-a: expected the value of a label'],
    ['kubernetes: { wipe: { image: wipe } }', 'kubernetes.wipe.command: '],
    ['kubernetes: { wipe: { image: wipe, command: [/wipe] } }', 'kubernetes.wipe.paths: it could reach nothing'],
    ['kubernetes: { wipe: { image: w, command: [/w], paths: [/] } }', 'kubernetes.wipe.paths.0: expected an absolute'],
    ['kubernetes: { runAsUser: 0 }', 'kubernetes.runAsUser: expected a whole number from 1'],
    ['kubernetes: { ephemeralStorage: 10 }', 'kubernetes.ephemeralStorage: expected a size'],
    ['kubernetes: { machineDeployment: workers }', 'kubernetes.machineDeployment: Cluster API is not driven yet'],
  ])('refuses %s', (text, message) => {
    expect(mistakesOf(text)).toContain(message)
  })
})
