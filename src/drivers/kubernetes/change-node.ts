// One change of one node, decided on its latest version: when somebody else changes it at the same time, it is read and decided
// anew, a few times.
import { isConflict, isNotFound } from './api/api-error.ts'
import type { ApiServer } from './api/api-server.ts'
import { nodes } from './api/resources.ts'
import type { KeptNode, Node } from './node.ts'
import type { NodeBook } from './node-book.ts'
import type { NodePatch } from './node-patches.ts'

/** Kubelets write their nodes, too: several conflicts in a row are no sign of trouble. */
const triesMax = 6

/** `changed`: as it is then. `left`: nothing was to be done on it. `gone`: there is no such node. */
export type NodeChange = { did: 'changed' | 'left'; node: KeptNode } | { did: 'gone' | 'contended' }

/** `decide` says what to write, null: nothing. */
export async function changeNode(
  { api, book }: { api: ApiServer; book: NodeBook },
  seen: KeptNode,
  decide: (node: KeptNode) => NodePatch | null,
): Promise<NodeChange> {
  const { name } = seen
  for (let tries = 0, node = seen; tries < triesMax; tries++) {
    const patch = decide(node)
    if (patch === null) return { did: 'left', node }
    try {
      const { resourceVersion } = node
      return { did: 'changed', node: book.put(await api.patch<Node>(nodes, { name }, patch, { resourceVersion })) }
    } catch (error) {
      if (isNotFound(error)) return { did: 'gone' }
      if (!isConflict(error)) throw error
    }
    const fresh = await api.get<Node>(nodes, { name })
    if (fresh === null) return { did: 'gone' }
    node = book.put(fresh)
  }
  return { did: 'contended' }
}
