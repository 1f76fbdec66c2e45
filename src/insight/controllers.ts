// The controllers of this installation, as an operator sees them: who lives and has what, how the others ended, and which rows fail.
import type { Db } from '../db/db.ts'
import { type ControllerView, listControllers } from '../reconcile/controller.ts'
import { dutyNames } from '../reconcile/duties.ts'
import { listSetAside, type SetAsideRow, setAsideKinds } from '../reconcile/set-aside.ts'

export { type ControllerView, type SetAsideRow, setAsideKinds }

/** The newest first, those that ended in the last day among them. */
export const controllersView = (db: Db): Promise<ControllerView[]> => listControllers(db)

/** What nobody who lives does: another takes it over within seconds, if there is one. */
export const unheldDuties = (controllers: readonly ControllerView[]): string[] => {
  const held = new Set(controllers.filter(one => one.endedAt === null).flatMap(one => one.duties))
  return dutyNames.filter(name => !held.has(name))
}

/** The most stubborn first. */
export const setAsideView = (db: Db): Promise<SetAsideRow[]> => listSetAside(db)
