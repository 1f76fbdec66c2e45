// The kinds of Cluster API on a cluster that has none of it: their names, versions and scale, with any fields.

import { alreadyExists, isNotFound } from '../../../src/drivers/kubernetes/api/api-error.ts'
import type { ApiServer } from '../../../src/drivers/kubernetes/api/api-server.ts'
import type { AnyObject } from '../../../src/drivers/kubernetes/api/objects.ts'
import {
  clusterApiGroup,
  clusterApiKinds,
  pathOf,
  type Resource,
} from '../../../src/drivers/kubernetes/api/resources.ts'
import { until } from '../../installation.ts'
import type { TestCluster } from '../cluster.ts'

const definitions = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' }
const definitionKind: Resource = { ...definitions, kind: 'CustomResourceDefinition', namespaced: false }
const versions = ['v1beta1', 'v1beta2']
export const { machineDeployments, machines } = clusterApiKinds('v1beta2')
/** Told from those of a real Cluster API, which stay. */
const testLabels = { 'berth.dev/test': 'cluster-api' }

export async function installClusterApi({ double, api: connect }: TestCluster): Promise<void> {
  if (double) {
    double.groups.set(clusterApiGroup, versions)
    return
  }
  const api = connect()
  for (const kind of [machineDeployments, machines]) {
    await api.create<AnyObject>(definitionKind, definitionOf(kind)).catch(error => {
      if (!alreadyExists(error)) throw error
    })
    await until(`${kind.plural} are served`, () => isServed(api, kind))
  }
}

/** What `installClusterApi` has made on a real cluster. */
export async function removeClusterApi(api: ApiServer): Promise<void> {
  const labelSelector = Object.entries(testLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join()
  const sent = { method: 'DELETE', path: pathOf(definitionKind), query: { labelSelector } }
  await api.raw('deletecollection customresourcedefinitions', sent)
}

async function isServed(api: ApiServer, kind: Resource): Promise<boolean> {
  try {
    await api.list(kind)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

function definitionOf({ group, plural, kind }: Resource): AnyObject {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' }
  const subresources = { status: {}, ...(plural === 'machinedeployments' ? { scale } : {}) }
  return {
    metadata: {
      name: `${plural}.${group}`,
      labels: testLabels,
      // The server keeps names under x-k8s.io for who has asked.
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for tests alone' },
    },
    spec: {
      ...{ group, scope: 'Namespaced', names: { plural, kind, singular: kind.toLowerCase() } },
      versions: versions.map(name => ({ name, served: true, storage: name === 'v1beta2', schema, subresources })),
    },
  }
}
