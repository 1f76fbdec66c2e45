// Making, changing and deleting objects as an API server does: preconditions, what status and spec may change through, grace,
// finalizers, and what goes with an owner.
import { type AnyObject, keyOf, type OwnerReference } from '../../../src/drivers/kubernetes/api/objects.ts'
import type { Asked } from './address.ts'
import { applied, jsonPatched, merged, strategicallyMerged } from './patches.ts'
import { selectsOf } from './selectors.ts'
import { badRequest, conflict, exists, invalid, notFound, Refused, uidDiffers } from './status.ts'
import { instant, type Store } from './store.ts'

export interface Written {
  code: number
  object: AnyObject
}

export interface DeleteBody {
  gracePeriodSeconds?: number
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  preconditions?: { uid?: string; resourceVersion?: string }
}

const namespacesKind = '/namespaces'
const podsKind = '/pods'

export class Writing {
  readonly #store: Store
  /** What a manager applied last, by `kind key manager`. */
  readonly #applied = new Map<string, AnyObject>()

  constructor(store: Store) {
    this.#store = store
  }

  create(asked: Asked, body: AnyObject): Written {
    const { kind, plural } = asked
    const named = body.metadata?.name ?? `${(body.metadata as { generateName?: string })?.generateName ?? ''}${tail()}`
    if (!/^[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?$/.test(named))
      throw invalid(`metadata.name: Invalid value: "${named}"`)
    if (body.metadata?.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created')
    const object = this.#placed(asked, { ...body, metadata: { ...body.metadata, name: named } })
    if (this.#store.find(kind, keyOf(object))) throw exists(plural, named)
    return { code: 201, object: this.#store.write(kind, withDefaults(kind, object)) }
  }

  update(asked: Asked, body: AnyObject): Written {
    const before = this.#must(asked)
    this.#checkVersion(asked, before, body.metadata?.resourceVersion)
    return { code: 200, object: this.#write(asked, before, body) }
  }

  patch(asked: Asked, contentType: string, body: unknown): Written {
    if (contentType.startsWith('application/apply-patch')) return this.#apply(asked, body as AnyObject)
    const before = this.#must(asked)
    const target = before as never
    const patched = contentType.startsWith('application/merge-patch')
      ? merged(target, body as never)
      : contentType.startsWith('application/json-patch')
        ? jsonPatched(target, body as never)
        : strategicallyMerged(target, body as never)
    const object = patched as unknown as AnyObject
    this.#checkVersion(asked, before, object.metadata.resourceVersion)
    return { code: 200, object: this.#write(asked, before, object) }
  }

  delete(asked: Asked, { preconditions, ...options }: DeleteBody): Written {
    const before = this.#must(asked)
    const { uid, resourceVersion } = preconditions ?? {}
    if (uid !== undefined && uid !== before.metadata.uid) throw uidDiffers(asked.plural, before.metadata.name)
    this.#checkVersion(asked, before, resourceVersion)
    return { code: 200, object: this.deleteObject(asked.kind, before, options) }
  }

  deleteAll(asked: Asked, options: DeleteBody): Written {
    const selects = selectsOf(asked)
    for (const object of this.#store.all(asked.kind).filter(selects)) this.deleteObject(asked.kind, object, options)
    return { code: 200, object: { metadata: { name: '' }, status: 'Success' } }
  }

  /** Pods that are on a node have their grace, and end when their kubelet says so: by a delete without any. */
  deleteObject(kind: string, object: AnyObject, { gracePeriodSeconds, propagationPolicy }: DeleteBody = {}): AnyObject {
    const spec = object.spec as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined
    const bySpec = kind === podsKind && spec?.nodeName ? (spec.terminationGracePeriodSeconds ?? 30) : 0
    const grace = kind === podsKind && spec?.nodeName ? (gracePeriodSeconds ?? bySpec) : 0
    if (propagationPolicy === 'Orphan') this.#orphan(object)
    if (kind === namespacesKind) return this.#deleteNamespace(object)
    if (grace === 0 && (object.metadata.finalizers ?? []).length === 0) return this.#remove(kind, object)
    const { deletionTimestamp = instant() } = object.metadata
    const metadata = { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace }
    return this.#store.write(kind, { ...object, metadata })
  }

  #apply(asked: Asked, body: AnyObject): Written {
    const manager = asked.query.get('fieldManager')
    if (!manager)
      throw badRequest(
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      )
    const name = asked.name ?? ''
    if (body.metadata?.name !== undefined && body.metadata.name !== name)
      throw badRequest('the name of the object does not match the name on the URL')
    if (body.apiVersion === undefined || body.kind === undefined) throw badRequest('apply needs apiVersion and kind')
    const key = asked.namespace === undefined ? name : `${asked.namespace}/${name}`
    const record = `${asked.kind} ${key} ${manager}`
    const before = this.#store.find(asked.kind, key)
    const { resourceVersion, ...metadata } = body.metadata ?? { name }
    if (before === undefined) {
      if (resourceVersion) throw conflict(asked.plural, name)
      const made = this.create(asked, { ...body, metadata: { ...metadata, name } })
      this.#applied.set(record, body)
      return made
    }
    this.#checkVersion(asked, before, resourceVersion)
    const wanted = { ...body, metadata }
    const last = this.#applied.get(record) ?? {}
    const object = applied(before as never, last as never, wanted as never) as unknown as AnyObject
    this.#applied.set(record, wanted)
    return { code: 200, object: this.#write(asked, before, object) }
  }

  /** The status changes only through its own address, and nothing else through that. */
  #write(asked: Asked, before: AnyObject, wanted: AnyObject): AnyObject {
    const { kind, subresource } = asked
    const next: AnyObject =
      subresource === 'status'
        ? { ...before, status: wanted.status, metadata: { ...before.metadata, ...labelled(wanted) } }
        : { ...wanted, ...(before.status === undefined ? {} : { status: before.status }) }
    const { uid, deletionTimestamp, deletionGracePeriodSeconds } = before.metadata
    const kept = deletionTimestamp === undefined ? {} : { deletionTimestamp, deletionGracePeriodSeconds }
    const object = { ...next, metadata: { ...next.metadata, uid, ...kept } } as AnyObject
    if (deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0 && kind !== podsKind)
      return this.#remove(kind, object)
    if (same(before, object)) return before
    return this.#store.write(kind, object)
  }

  #remove(kind: string, object: AnyObject): AnyObject {
    const removed = this.#store.remove(kind, keyOf(object)) ?? object
    for (const record of [...this.#applied.keys()])
      if (record.startsWith(`${kind} ${keyOf(object)} `)) this.#applied.delete(record)
    this.#collect(object.metadata.uid)
    if (object.metadata.namespace !== undefined) this.#finishNamespace(object.metadata.namespace)
    return removed
  }

  /** What the owner's end leaves behind goes too. */
  #collect(uid: string | undefined): void {
    for (const [kind, object] of this.#ownedBy(uid)) {
      const others = (object.metadata.ownerReferences ?? []).filter(owner => owner.uid !== uid)
      if (others.length === 0) this.deleteObject(kind, object)
    }
  }

  #orphan({ metadata: { uid } }: AnyObject): void {
    for (const [kind, object] of this.#ownedBy(uid)) {
      const ownerReferences = (object.metadata.ownerReferences ?? []).filter(owner => owner.uid !== uid)
      this.#store.write(kind, { ...object, metadata: { ...object.metadata, ownerReferences } })
    }
  }

  #ownedBy(uid: string | undefined): [string, AnyObject][] {
    const owns = (owner: OwnerReference): boolean => owner.uid === uid
    return this.#store.kinds.flatMap(kind =>
      this.#store
        .all(kind)
        .filter(object => object.metadata.ownerReferences?.some(owns))
        .map((object): [string, AnyObject] => [kind, object]),
    )
  }

  #deleteNamespace(namespace: AnyObject): AnyObject {
    const { deletionTimestamp = instant() } = namespace.metadata
    const metadata = { ...namespace.metadata, deletionTimestamp }
    const going = this.#store.write(namespacesKind, { ...namespace, metadata, status: { phase: 'Terminating' } })
    for (const kind of this.#store.kinds)
      for (const object of this.#store.all(kind))
        if (object.metadata.namespace === namespace.metadata.name) this.deleteObject(kind, object)
    this.#finishNamespace(namespace.metadata.name)
    return going
  }

  #finishNamespace(name: string): void {
    const namespace = this.#store.find(namespacesKind, name)
    if (namespace?.metadata.deletionTimestamp === undefined) return
    const inside = this.#store.kinds.some(kind => this.#store.all(kind).some(one => one.metadata.namespace === name))
    if (!inside) this.#store.remove(namespacesKind, name)
  }

  #placed({ namespace, plural }: Asked, object: AnyObject): AnyObject {
    if (namespace === undefined) return object
    const home = this.#store.find(namespacesKind, namespace)
    if (!home) throw notFound('namespaces', namespace)
    if (home.metadata.deletionTimestamp !== undefined)
      throw new Refused(
        403,
        'Forbidden',
        `${plural} "${object.metadata.name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
        { causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated` }] },
      )
    if (object.metadata.namespace !== undefined && object.metadata.namespace !== namespace)
      throw badRequest('the namespace of the object does not match the namespace on the request')
    return { ...object, metadata: { ...object.metadata, namespace } }
  }

  #must({ kind, namespace, name = '', plural }: Asked): AnyObject {
    const found = this.#store.find(kind, namespace === undefined ? name : `${namespace}/${name}`)
    if (!found) throw notFound(plural, name)
    return found
  }

  #checkVersion({ plural }: Asked, before: AnyObject, version: string | undefined): void {
    if (version && version !== before.metadata.resourceVersion) throw conflict(plural, before.metadata.name)
  }
}

const labelled = ({ metadata }: AnyObject): Partial<AnyObject['metadata']> => ({
  ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
  ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
})

function same(before: AnyObject, object: AnyObject): boolean {
  const plain = ({ metadata: { resourceVersion: _, generation: __, ...metadata }, ...rest }: AnyObject) =>
    JSON.stringify(sorted({ metadata, ...rest }))
  return plain(before) === plain(object)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]))
}

function withDefaults(kind: string, object: AnyObject): AnyObject {
  if (kind === namespacesKind) {
    const labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name }
    return { ...object, metadata: { ...object.metadata, labels }, status: { phase: 'Active' } }
  }
  if (kind === podsKind) return { ...object, status: { phase: 'Pending' } }
  return object
}

const letters = 'bcdfghjklmnpqrstvwxz2456789'
const tail = (): string => Array.from({ length: 5 }, () => letters[Math.floor(Math.random() * letters.length)]).join('')
