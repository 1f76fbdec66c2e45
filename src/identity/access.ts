// Who may do what: one table of action × role. A principal acts in its own account only; the operator's account is the
// platform itself, which owns no groups.
import type { Actor } from '../events/event.ts'
import { Refusal } from '../lib/errors.ts'

/** The tenant's four roles, and the one who runs the installation. */
export type Role = 'owner' | 'finance' | 'developer' | 'viewer' | 'operator'
export const roles: readonly Role[] = ['owner', 'finance', 'developer', 'viewer', 'operator']

export interface Principal {
  accountId: string
  userId: string
  userName: string
  role: Role
  /** What the request was signed with, or null: it came from a session. */
  accessKeyId: string | null
  sessionId: string | null
}

const everyone: readonly Role[] = roles
const tenant: readonly Role[] = ['owner', 'finance', 'developer', 'viewer']
const builders: readonly Role[] = ['owner', 'developer']
const buyers: readonly Role[] = ['owner', 'finance']

const permissions = {
  'catalog.read': everyone,
  'order.read': tenant,
  'order.write': buyers,
  'wallet.read': tenant,
  /** Money from outside comes in through the operator only. */
  'wallet.topUp': ['operator'],
  'bill.read': tenant,
  'notice.read': tenant,
  'notice.write': ['owner', 'finance', 'developer'],
  /** What happened: as much of it as concerns them. */
  'event.read': everyone,
  'fleet.read': tenant,
  'fleet.operate': builders,
  'group.write': builders,
  'service.read': tenant,
  'service.write': builders,
  'service.invoke': builders,
  /** One's own password and sessions. */
  'self.manage': everyone,
  'user.read': ['owner', 'operator'],
  'audit.read': ['owner', 'operator'],
  'user.write': ['owner', 'operator'],
  /** Prices, stock, accounts, releases before their time. */
  'platform.operate': ['operator'],
} as const satisfies Record<string, readonly Role[]>

export type Action = keyof typeof permissions
export const actions = Object.keys(permissions) as Action[]

export const may = (role: Role, action: Action): boolean => (permissions[action] as readonly Role[]).includes(role)

export function authorize(principal: Principal, action: Action): void {
  if (may(principal.role, action)) return
  throw new Refusal(
    'Forbidden',
    `${principal.userName} is ${principal.role}; ${action} needs ${permissions[action].join(' or ')}`,
    { action, role: principal.role, allowed: permissions[action] },
  )
}

/** Told only to who has proved to be this user. */
export const userDisabled = ({ userName }: { userName: string }): Refusal<IdentityRefusal> =>
  new Refusal(
    'UserDisabled',
    `The user ${userName} is disabled. An owner of the account enables it: \`berth user enable\`.`,
  )

export const actorOf = (principal: Principal): Actor => ({
  accountId: principal.accountId,
  name: `user:${principal.userId}`,
})

/** The user behind an actor's name; null: nobody, the system acts. */
export const userIdOf = ({ name }: Pick<Actor, 'name'>): string | null =>
  name.startsWith('user:') ? name.slice('user:'.length) : null

export type IdentityRefusal =
  | 'Forbidden'
  | 'InvalidName'
  | 'NameInUse'
  | 'AccountNotFound'
  | 'UserNotFound'
  | 'AccessKeyNotFound'
  | 'InvalidAccessKeyId.NotFound'
  | 'SignatureDoesNotMatch'
  | 'IncompleteSignature'
  | 'SignatureNonceUsed'
  | 'InvalidTimeStamp.Expired'
  | 'SignInFailed'
  | 'TooManyAttempts'
  | 'SignInBusy'
  | 'SessionExpired'
  | 'SessionNotFound'
  | 'WeakPassword'
  | 'WrongPassword'
  | 'EmailInUse'
  | 'LastOwner'
  | 'OwnUser'
  | 'UserDisabled'
  | 'WorkspaceNotFound'
  | 'MemberNotFound'
  | 'NotAMemberRole'
  | 'IdentityNotKnown'
  | 'OidcFailed'
