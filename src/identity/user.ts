// What may be done to a user, and why not. An account keeps one owner (the platform one operator) who can come in; nobody
// shuts the door behind themselves.
import type { IdentityRefusal } from './access.ts'
import type { User } from './account.ts'

export type UserAction = 'changeRole' | 'disable'
export const userActions: readonly UserAction[] = ['changeRole', 'disable']

const runsAccount = ({ role, disabledAt }: Pick<User, 'role' | 'disabledAt'>): boolean =>
  (role === 'owner' || role === 'operator') && disabledAt === null

/** null: it can be done. `users` are all of the account, `byUserId` is who asks. */
export function userCan(
  action: UserAction,
  user: User,
  users: readonly User[],
  byUserId: string,
): { code: IdentityRefusal; message: string } | null {
  const field = action === 'changeRole' ? 'role' : 'userId'
  if (action === 'changeRole' && user.role === 'operator') {
    return { code: 'LastOwner', message: `${field}: ${user.name} runs the platform; an operator has no other role` }
  }
  if (runsAccount(user) && users.filter(runsAccount).length === 1) {
    const message = `${field}: ${user.name} is the last ${user.role} of the account; make another one first`
    return { code: 'LastOwner', message }
  }
  if (action === 'disable' && user.userId === byUserId) {
    return { code: 'OwnUser', message: `${field}: nobody disables themselves; another owner can` }
  }
  return null
}
