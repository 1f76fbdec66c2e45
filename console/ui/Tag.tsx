import type { ReactNode } from 'react'

export type Tone = 'neutral' | 'info' | 'success' | 'warning' | 'error'

/**
 * A word on a coloured ground. Bare: a long table has two in each of its rows, and Ant Design's own takes three style sheets and
 * a closing button into account for each.
 */
export const Tag = ({ tone = 'neutral', children }: { tone?: Tone; children: ReactNode }) => (
  <span className={`tag tag-${tone}`}>{children}</span>
)
