import { Empty } from 'antd'
import type { ReactNode } from 'react'

/** Nothing here yet: says what would be here, and leads on. */
export function EmptyState({ title, hint, children }: { title: string; hint?: string; children?: ReactNode }) {
  return (
    <Empty
      image={Empty.PRESENTED_IMAGE_SIMPLE}
      description={
        <>
          <div>{title}</div>
          {hint ? <div style={{ opacity: 0.75, marginTop: 4 }}>{hint}</div> : null}
        </>
      }
    >
      {children}
    </Empty>
  )
}
