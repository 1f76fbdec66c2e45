// Whether what is kept of a cluster may be answered with: all of it has been listed once, and a watch has told something lately.
import { Refusal } from '../../../lib/errors.ts'
import type { KubernetesRefusal } from './api-error.ts'
import type { ApiServer } from './api-server.ts'
import type { ObjectCache } from './object-cache.ts'

export interface WordPatience {
  /** How long who asks waits for the first list. */
  firstListMs: number
  /** Without a word from the server for so long, what is here is no answer. */
  staleMsMax: number
}

/** null: it may; else what the server has not done. */
export async function whyNoWord(
  caches: readonly Pick<ObjectCache<unknown>, 'synced' | 'staleMs'>[],
  { firstListMs, staleMsMax }: WordPatience,
): Promise<string | null> {
  const late = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => late.resolve('late'), firstListMs)
  try {
    const first = await Promise.race([Promise.all(caches.map(cache => cache.synced())), late.promise])
    if (first === 'late') return 'has not listed them yet'
  } finally {
    clearTimeout(timer)
  }
  const staleMs = Math.max(...caches.map(cache => cache.staleMs()))
  return staleMs > staleMsMax ? `has told nothing of them for ${Math.round(staleMs / 1_000)} s` : null
}

/** `why`: of `whyNoWord`. */
export const kubernetesAway = (
  { server }: Pick<ApiServer, 'server'>,
  kind: 'nodes' | 'pods',
  why: string,
): Refusal<KubernetesRefusal> =>
  new Refusal('KubernetesAway', `no word of ${kind}: the API server of Kubernetes at ${server} ${why}`, { server })
