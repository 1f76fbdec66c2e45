import type { ReactNode } from 'react'

interface Props {
  items: [label: string, value: ReactNode][]
  /** One below the other, each with all the room. */
  below?: boolean
}

/** Facts of a thing, as many beside each other as there is room for. */
export function Facts({ items, below = false }: Props) {
  return (
    <dl className={below ? 'facts facts-below' : 'facts'}>
      {items.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className="said">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
