import { Descriptions } from 'antd'
import type { ReactNode } from 'react'

/** Facts of a thing, as many beside each other as there is room for. */
export function Facts({ items }: { items: [label: string, value: ReactNode][] }) {
  return (
    <Descriptions
      bordered
      size="small"
      column={{ xs: 1, sm: 1, md: 2, lg: 2, xl: 4, xxl: 4 }}
      style={{ marginBottom: 16 }}
      items={items.map(([label, value]) => ({ key: label, label, children: <span className="said">{value}</span> }))}
    />
  )
}
