import { Empty } from 'antd'
import type { ReactNode } from 'react'

/** Nothing here yet: says what would be here, and leads on. */
export function EmptyState({ title, hint, children }: { title: string; hint?: string; children?: ReactNode }) {
  return (
    <Empty
      image={Empty.PRESENTED_IMAGE_SIMPLE}
      description={
        <>
          <div style={{ color: 'var(--ant-color-text)' }}>{title}</div>
          {hint ? <div style={{ color: 'var(--ant-color-text-secondary)', marginTop: 4 }}>{hint}</div> : null}
        </>
      }
    >
      {children}
    </Empty>
  )
}
