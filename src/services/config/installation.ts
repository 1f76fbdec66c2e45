// What this installation lets a service have, by the operator's word in berth.yaml: said where a service is deployed, so
// that nobody waits for an instance to learn of it.
import { Refusal } from '../../lib/errors.ts'
import { parseModelUrl } from '../../lib/model-url.ts'
import { type AllowedPath, resolveMounts } from '../../lib/mounts.ts'
import type { ServiceSpec } from './service-config.ts'
import type { ConfigRefusal } from './service-config-fields.ts'

export interface Installation {
  /** Buckets, or parts of them (`models/public`), that models may come from. */
  buckets: readonly string[]
  /** Directories of the host that services may mount. */
  storage: readonly AllowedPath[]
  /** By engine, the images that run `processor: onnx`; absent: none does. */
  modelServerImages?: { kubernetes?: string | null; docker?: string | null }
}

/** Absent: nothing is allowed. */
export function checkInstallation(installation: Installation | undefined, { program, mounts }: ServiceSpec): void {
  if (mounts !== undefined) resolveMounts(mounts, installation?.storage ?? [])
  if (program.kind !== 'onnx') return
  for (const [field, place] of [
    ['model_path', program.modelPath],
    ['warm_up_data_path', program.warmUpPath],
  ] as const) {
    const source = place === undefined ? null : parseModelUrl(place)
    if (source === null || 'problem' in source || source.kind !== 'object') continue
    const path = `${source.bucket}/${source.key}`
    if (installation?.buckets.some(bucket => path.startsWith(`${bucket}/`))) continue
    const message = `${field}: no store of this installation has the bucket ${source.bucket}: the operator names it under models.stores in berth.yaml`
    throw new Refusal<ConfigRefusal>('UnsupportedServiceConfig', message, { field })
  }
}
