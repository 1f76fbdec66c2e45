// What every object of a cluster has, as the API server writes it.

export interface Metadata {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  creationTimestamp?: string
  /** Set: it is going, once its grace is over and its finalizers are done. */
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: unknown[]
}

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
}

export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: Metadata
}

/** An object of which only the name is known beforehand. */
export type AnyObject = KubeObject & Record<string, unknown>

export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason?: string
  message?: string
  lastTransitionTime?: string
}

/** Where an object is kept in a map. */
export const keyOf = ({ metadata }: KubeObject): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`

/** Versions of one API server grow, as whole numbers of any length. */
export function isNewer(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined) return version !== undefined
  return version.length === than.length ? version > than : version.length > than.length
}
