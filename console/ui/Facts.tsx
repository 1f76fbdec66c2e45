import type { ReactNode } from 'react'

/** Facts of a thing, as many beside each other as there is room for. */
export function Facts({ items }: { items: [label: string, value: ReactNode][] }) {
  return (
    <dl className="facts">
      {items.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className="said">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
