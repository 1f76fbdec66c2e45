import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { Tag } from '../../ui/Tag.tsx'

/** How many of the group's machines run; a mark where not all of them do. */
export function GroupStatus({ group }: { group: Item<'GET /v1/groups'> }) {
  const { machines, runningMachines } = group
  if (machines === 0) return <Tag>{t('groups.noMachines')}</Tag>
  const tone = runningMachines === machines ? 'success' : runningMachines === 0 ? 'info' : 'warning'
  return <Tag tone={tone}>{t('groups.running', { running: runningMachines, total: machines })}</Tag>
}
