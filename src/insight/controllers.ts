// The controllers of this installation, as an operator sees them: who lives and has what, and how the others ended.
import type { Db } from '../db/db.ts'
import { type ControllerView, listControllers } from '../reconcile/controller.ts'

export type { ControllerView }

/** The newest first, those that ended in the last day among them. */
export const controllersView = (db: Db): Promise<ControllerView[]> => listControllers(db)
