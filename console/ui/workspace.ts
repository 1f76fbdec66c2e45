import { useLocation } from '@tanstack/react-router'
import { still, useApi } from '../queries.ts'
import { matchOf } from './match.ts'

const key = 'berth.workspace'

const whose = 'berth.workspaceOf'

/** What somebody else saw in this tab leads nobody anywhere. */
export function forgetWorkspaceOfOthers(userId: string): void {
  if (sessionStorage.getItem(whose) === userId) return
  sessionStorage.setItem(whose, userId)
  sessionStorage.removeItem(key)
}

/** The workspace of the address, else the one that was seen last: the navigation leads back to it. */
export function lastWorkspace(pathname: string): string | null {
  const here = matchOf(/^\/workspaces\/([^/]+)/, pathname)
  if (here !== null) {
    sessionStorage.setItem(key, here)
    return here
  }
  return sessionStorage.getItem(key)
}

/** The same, or the first where none was seen yet: the pages of money lead to machines, which are shown within one. */
export function useWorkspaceId(ask = true): string | null {
  const seen = lastWorkspace(useLocation().pathname)
  const all = useApi('GET /v1/workspaces', {}, { ...still, enabled: ask && seen === null })
  return seen ?? all.data?.items[0]?.workspaceId ?? null
}
