// Who did it, for people to read. Events and holds keep `user:usr-…` or `system:…`; a name can change, so it is looked up when
// it is shown. Somebody of another account is the operator: the tenant is told no more than that.
import type { Db } from '../db/db.ts'
import { userIdOf } from './access.ts'
import { selectUserNames } from './identity.store.ts'

export interface ActorView {
  kind: 'user' | 'operator' | 'system'
  /** The user's name; the part of Berth that did it; `operator`. */
  name: string
}

/** Reads the names of all of them at once; the answer tells them one by one. */
export async function actorNames(
  db: Db,
  accountId: string,
  actors: Iterable<string>,
): Promise<(actor: string) => ActorView> {
  const ids = [...new Set(actors)].flatMap(name => userIdOf({ name }) ?? [])
  const names = new Map(ids.length === 0 ? [] : await selectUserNames(db, accountId, ids))
  return actor => {
    const userId = userIdOf({ name: actor })
    if (userId === null) return { kind: 'system', name: actor.replace(/^system:/, '') }
    const name = names.get(userId)
    return name === undefined ? { kind: 'operator', name: 'operator' } : { kind: 'user', name }
  }
}
