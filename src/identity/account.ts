// Account: the tenant and payer. It has users, each with one role, and workspaces, in which services live.
import type { Role } from './access.ts'

export interface Account {
  accountId: string
  name: string
  createdAt: Temporal.Instant
}

export interface User {
  userId: string
  accountId: string
  name: string
  role: Role
  /** What an identity provider knows the user by. */
  email: string | null
  /** null: the user can come in. */
  disabledAt: Temporal.Instant | null
  createdAt: Temporal.Instant
}

export interface Workspace {
  workspaceId: string
  accountId: string
  name: string
  createdAt: Temporal.Instant
}

export type MemberRole = 'developer' | 'viewer'

/** A user in a workspace. */
export interface Member {
  accountId: string
  workspaceId: string
  userId: string
  userName: string
  role: MemberRole
  addedAt: Temporal.Instant
}

/** The account of those who run the installation: it owns no groups and no wallet. */
export const platformAccountName = 'platform'
export const defaultAccountName = 'default'
export const defaultWorkspaceName = 'default'

/** Names of accounts and users. */
export const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/
