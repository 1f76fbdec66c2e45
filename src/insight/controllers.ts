// The controllers of this installation, as an operator sees them: who lives and has what, how the others ended, and which rows fail.
import type { Db } from '../db/db.ts'
import { type ControllerView, listControllers } from '../reconcile/controller.ts'
import { listSetAside, type SetAsideRow, setAsideKinds } from '../reconcile/set-aside.ts'

export { type ControllerView, type SetAsideRow, setAsideKinds }

/** The newest first, those that ended in the last day among them. */
export const controllersView = (db: Db): Promise<ControllerView[]> => listControllers(db)

/** The most stubborn first. */
export const setAsideView = (db: Db): Promise<SetAsideRow[]> => listSetAside(db)
