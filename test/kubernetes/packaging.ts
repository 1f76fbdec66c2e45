// What `packaging/kubernetes/base` makes, read as kustomize would put it together: the files that it lists, in its namespace.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'

const base = join(import.meta.dirname, '..', '..', 'packaging', 'kubernetes', 'base')

interface Kustomization {
  namespace: string
  resources: string[]
  images: { name: string; newName: string; newTag: string }[]
}

export const kustomization = parse(readFileSync(join(base, 'kustomization.yaml'), 'utf8')) as Kustomization

export function installObjects(): AnyObject[] {
  return kustomization.resources.flatMap(name => {
    const documents = parseAllDocuments(readFileSync(join(base, name), 'utf8'), { strict: true, uniqueKeys: true })
    return documents.map(document => {
      if (document.errors[0]) throw new Error(`${name}: ${document.errors[0].message}`)
      return document.toJS() as AnyObject
    })
  })
}

const plurals: Record<string, string> = {
  ...{ Namespace: 'namespaces', ServiceAccount: 'serviceaccounts', ConfigMap: 'configmaps', Service: 'services' },
  ...{ Deployment: 'deployments', NetworkPolicy: 'networkpolicies', PodDisruptionBudget: 'poddisruptionbudgets' },
  ...{ ClusterRole: 'clusterroles', ClusterRoleBinding: 'clusterrolebindings' },
  ...{ Role: 'roles', RoleBinding: 'rolebindings' },
}

/** Where it is made. */
export function collectionOf({ apiVersion = '', kind = '', metadata: { namespace } }: AnyObject): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plurals[kind] ?? `no plural of ${kind}`}`
}
