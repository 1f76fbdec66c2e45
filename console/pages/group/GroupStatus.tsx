import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { Tag } from '../../ui/Tag.tsx'

/** How many of the group's machines run; and how many of those take no new service instances. */
export function GroupStatus({ group }: { group: Item<'GET /v1/groups'> }) {
  const { machines, runningMachines, openMachines } = group
  if (machines === 0) return <Tag>{t('groups.noMachines')}</Tag>
  const closed = runningMachines - openMachines
  const tone = runningMachines === machines && closed === 0 ? 'success' : runningMachines === 0 ? 'info' : 'warning'
  return (
    <>
      <Tag tone={tone}>{t('groups.running', { running: runningMachines, total: machines })}</Tag>{' '}
      {closed > 0 ? <span className="quiet detail">{t('groups.closed', { count: closed })}</span> : null}
    </>
  )
}
