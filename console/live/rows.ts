// A long list in which a few rows have changed: only those are asked for, and all others stay the objects that they are, so
// that nothing else is drawn again.
import type { Operations } from '../../src/client/generated.ts'

export type Machine = Operations['GET /v1/machines']['returns']['items'][number]

/** `rows` with those of `ids` as they are now: changed, gone, or new in their place (by creation, then id). */
export function withRows(rows: readonly Machine[], ids: ReadonlySet<string>, found: readonly Machine[]): Machine[] {
  const now = new Map(found.map(row => [row.machineId, row]))
  const kept: Machine[] = []
  for (const row of rows) {
    const next = ids.has(row.machineId) ? now.get(row.machineId) : row
    if (next) kept.push(next)
    now.delete(row.machineId)
  }
  if (now.size === 0) return kept
  return [...kept, ...now.values()].sort((a, b) => order(a.createdAt, b.createdAt) || order(a.machineId, b.machineId))
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
