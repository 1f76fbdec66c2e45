// The installation on a cluster: each object valid to a real API server, where there is one, and all of them right together.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseConfigFile } from '../../src/config/schema.ts'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'
import { gatewayNodeArgs } from '../../src/lib/node-args.ts'
import { openCluster, realKubeconfig } from './cluster.ts'
import { collectionOf, installObjects, kustomization } from './packaging.ts'

interface PodTemplate {
  metadata: { labels: Record<string, string> }
  spec: {
    serviceAccountName: string
    automountServiceAccountToken: boolean
    securityContext: object
    containers: {
      image: string
      args: string[]
      env: { name: string; valueFrom?: object }[]
      ports: { name: string }[]
      securityContext: object
      volumeMounts: { name: string }[]
    }[]
    volumes: { name: string; configMap?: { name: string } }[]
  }
}

let all: AnyObject[] = []
beforeAll(() => {
  all = installObjects()
})

const ofKind = (kind: string): AnyObject[] => all.filter(one => one.kind === kind)
const named = (kind: string, name: string): AnyObject | undefined =>
  ofKind(kind).find(({ metadata }) => metadata.name === name)
const templates = (): PodTemplate[] =>
  ofKind('Deployment').map(({ spec }) => (spec as { template: PodTemplate }).template)

describe('the installation', () => {
  test('has every role, from one image, as nobody, and with nothing of it written at run time', () => {
    expect(
      ofKind('Deployment')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['berth-api', 'berth-controller', 'berth-gateway'])
    const [image] = kustomization.images
    for (const { spec } of templates()) {
      const [container] = spec.containers
      expect(container?.image).toBe(image?.name)
      const role = container?.args.at(-1)
      const nodeArgs = role === 'gateway' ? gatewayNodeArgs : []
      expect(container?.args).toEqual([...nodeArgs, 'src/main.ts', 'serve', '--role', role])
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      expect(container?.securityContext).toEqual({
        ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      })
      const mounts = container?.volumeMounts.map(({ name }) => name)
      expect(spec.volumes.map(({ name }) => name)).toEqual(mounts)
    }
  })

  test('names nothing that is not there, but for what the operator brings', () => {
    for (const { spec } of templates()) {
      expect(named('ServiceAccount', spec.serviceAccountName)).toBeDefined()
      for (const { configMap } of spec.volumes) if (configMap) expect(named('ConfigMap', configMap.name)).toBeDefined()
    }
    for (const binding of ofKind('ClusterRoleBinding')) {
      const { roleRef, subjects } = binding as AnyObject & { roleRef: { name: string }; subjects: { name: string }[] }
      expect(named('ClusterRole', roleRef.name)).toBeDefined()
      for (const { name } of subjects) expect(named('ServiceAccount', name)).toBeDefined()
    }
    const labels = templates().map(({ metadata }) => metadata.labels)
    const selects = (selector: object): boolean =>
      labels.some(one => Object.entries(selector).every(([key, value]) => one[key] === value))
    for (const { spec } of ofKind('Service')) expect(selects((spec as { selector: object }).selector)).toBe(true)
    for (const { spec } of ofKind('PodDisruptionBudget'))
      expect(selects((spec as { selector: { matchLabels: object } }).selector.matchLabels)).toBe(true)
  })

  test('gateways have no login of the cluster, and nobody may read a secret, run in a pod or change rights', () => {
    const gateway = templates().find(({ spec }) => spec.serviceAccountName === 'berth-gateway')
    expect(gateway?.spec.automountServiceAccountToken).toBe(false)
    for (const role of [...ofKind('ClusterRole'), ...ofKind('Role')]) {
      const { rules } = role as AnyObject & { rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] }
      for (const { apiGroups, resources, verbs } of rules) {
        expect([...apiGroups, ...resources, ...verbs]).not.toContain('*')
        expect(apiGroups).not.toContain('rbac.authorization.k8s.io')
        expect(resources).not.toContain('pods/exec')
        if (resources.includes('secrets')) expect(verbs).not.toContain('get')
        if (resources.includes('pods')) expect(verbs).not.toContain('create')
      }
    }
  })

  test('its berth.yaml is one', () => {
    const { data } = named('ConfigMap', 'berth-config') as AnyObject & { data: Record<string, string> }
    const file = parseConfigFile(data['berth.yaml'] ?? '', 'config.yaml')
    expect(file.catalog?.regions.map(({ engine }) => engine)).toEqual(['kubernetes'])
  })

  test('a real API server takes every object as it stands', async context => {
    if (realKubeconfig === undefined) return context.skip('a real API server alone knows every field')
    const cluster = await openCluster()
    const api = cluster.api()
    const namespace = await cluster.namespace({ 'pod-security.kubernetes.io/enforce': 'restricted' })
    for (const object of all) {
      const { metadata } = object
      const own = {
        ...object,
        metadata: {
          ...metadata,
          name: `${metadata.name}-${cluster.run}`,
          ...(metadata.namespace ? { namespace } : {}),
        },
      }
      const query = { dryRun: 'All', fieldValidation: 'Strict' }
      const made = await api.raw(`create ${object.kind}`, { method: 'POST', path: collectionOf(own), query, body: own })
      expect(made.kind).toBe(object.kind)
    }
  })
})

test('the image has what its users ask for', () => {
  const root = join(import.meta.dirname, '..', '..')
  const dockerfile = readFileSync(join(root, 'packaging', 'Dockerfile'), 'utf8')
  const [, , last = ''] = dockerfile.split(/^FROM .*$/m)
  expect(last).toMatch(/^USER 65532:65532$/m)
  expect(last).toContain('WORKDIR /opt/berth')
  for (const path of [
    'src/main.ts',
    'src/model-server/main.ts',
    'src/agent/fetch-model.ts',
    'scripts/build-console.mjs',
  ]) {
    expect(existsSync(join(root, path))).toBe(true)
  }
})
