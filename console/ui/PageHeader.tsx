import { Breadcrumb } from 'antd'
import type { ReactNode } from 'react'
import { TextLink } from './TextLink.tsx'

export interface Place {
  title: string
  /** Where the page is, from the outside in; the page itself is not among them. */
  trail?: { text: string; to: string }[]
}

interface Props extends Place {
  /** Beside the title: a status, an id. */
  tags?: ReactNode
  actions?: ReactNode
}

export function PageHeader({ title, trail = [], tags, actions }: Props) {
  return (
    <header>
      {trail.length > 0 ? (
        <Breadcrumb
          items={[
            ...trail.map(({ text, to }) => ({ key: `${to} ${text}`, title: <TextLink to={to}>{text}</TextLink> })),
            { key: 'here', title: <span className="said">{title}</span> },
          ]}
        />
      ) : null}
      <div className="page-header">
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: '4px 12px', alignItems: 'center', minWidth: 0 }}>
          <h1 className="said">{title}</h1>
          {tags}
        </div>
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>{actions}</div>
      </div>
    </header>
  )
}
