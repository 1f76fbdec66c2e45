// Where the navigation leads back to: the workspace seen last in this tab, by whoever is signed in.
import { expect, test } from 'vitest'
import './dictionary.ts'

interface Workspace {
  lastWorkspace(pathname: string): string | null
  forgetWorkspaceOfOthers(userId: string): void
}

const kept = new Map<string, string>()
Object.assign(globalThis, {
  sessionStorage: {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  },
})
// Named by a variable: the compiler must not take the browser's sources into the types of Node.
const source = '../../console/ui/workspace.ts'
const { forgetWorkspaceOfOthers, lastWorkspace } = (await import(source)) as Workspace

test('is the same for the same user, and none for the next one', () => {
  forgetWorkspaceOfOthers('usr-1')
  expect(lastWorkspace('/workspaces/ws-1/services')).toBe('ws-1')
  forgetWorkspaceOfOthers('usr-1')
  expect(lastWorkspace('/money/orders')).toBe('ws-1')
  forgetWorkspaceOfOthers('usr-2')
  expect(lastWorkspace('/money/orders')).toBe(null)
})
