// `storage[]` of a service's JSON: directories of the host, which the operator must allow. EAS's other kinds are those of its
// cloud. Pure.
import { z } from 'zod'
import { Refusal } from '../../lib/errors.ts'
import type { Mount } from '../../lib/mounts.ts'
import type { ConfigRefusal } from './service-config-fields.ts'

const mountsMax = 16
const path = z.string().min(1).max(4096)

const item = z.strictObject({
  mount_path: path,
  host_path: z.strictObject({ path, readOnly: z.boolean().optional() }),
  // EAS's clients send this beside every kind.
  properties: z.object({}).optional(),
})

export const storageSchema = z.array(item).max(mountsMax).optional()

/** What EAS can mount and we can't, told before anything else is said of its form. */
export function checkStorageKinds(storage: unknown): void {
  if (!Array.isArray(storage)) return
  for (const [index, value] of storage.entries()) {
    const kinds = Object.keys(Object(value)).filter(key => !['mount_path', 'host_path', 'properties'].includes(key))
    const [kind] = kinds
    if (kind === undefined) continue
    const field = `storage[${index}].${kind}`
    const message = `${field}: is not mounted here; give a directory of the host in host_path, that the operator allows`
    throw new Refusal<ConfigRefusal>('UnsupportedServiceConfig', message, { field })
  }
}

export const mountsOf = (storage: z.infer<typeof storageSchema>): Mount[] =>
  (storage ?? []).map(({ mount_path, host_path }) => ({
    mountPath: mount_path,
    hostPath: host_path.path,
    readOnly: host_path.readOnly ?? false,
  }))
