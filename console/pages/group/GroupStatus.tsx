import { Tag, Tooltip } from 'antd'
import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'

/** How many of the group's machines run; a mark where not all of them do. */
export function GroupStatus({ group }: { group: Item<'GET /v1/groups'> }) {
  const { machines, runningMachines } = group
  if (machines === 0) return <Tag>{t('groups.noMachines')}</Tag>
  const text = t('groups.running', { running: runningMachines, total: machines })
  const color = runningMachines === machines ? 'success' : runningMachines === 0 ? 'processing' : 'warning'
  return (
    <Tooltip title={text}>
      <Tag color={color}>{text}</Tag>
    </Tooltip>
  )
}
