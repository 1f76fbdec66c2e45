import { matchOf } from './match.ts'

const key = 'berth.workspace'

/** The workspace of the address, else the one that was seen last: the navigation leads back to it. */
export function lastWorkspace(pathname: string): string | null {
  const here = matchOf(/^\/workspaces\/([^/]+)/, pathname)
  if (here !== null) {
    sessionStorage.setItem(key, here)
    return here
  }
  return sessionStorage.getItem(key)
}
