// Who did it: a user by name, the operator, or Berth itself; a hint gives the id.
import { Tooltip } from 'antd'
import { t } from '../i18n/t.ts'

interface Actor {
  kind: 'user' | 'operator' | 'system'
  name: string
}

export function ActorName({ by, id }: { by: Actor; id?: string }) {
  const name = by.kind === 'user' ? by.name : t(`actor.${by.kind}`)
  const hint = id ?? (by.kind === 'system' ? by.name : undefined)
  return (
    <Tooltip title={hint ? <span className="said">{hint}</span> : null}>
      <span className="said">{name}</span>
    </Tooltip>
  )
}
