import { Alert } from 'antd'
import { formatInstant, t } from '../../i18n/t.ts'
import type { Machine } from '../group/GroupMachines.tsx'

type Repair = NonNullable<Machine['repair']>

/** Of a machine that is away: since when, what becomes of what ran there, and what that waits for. */
export function MachineRepair({ machine: { unreachableAt, repair } }: { machine: Machine }) {
  if (unreachableAt === null && repair === null) return null
  return (
    <Alert
      type={repair?.waitsFor?.code === 'Frozen' ? 'error' : 'warning'}
      showIcon
      style={{ marginBottom: 12 }}
      title={t(unreachableAt === null ? 'repair.title' : 'machines.unreachable')}
      description={
        <>
          {unreachableAt === null ? null : (
            <div className="said">{t('machines.unreachableSince', { at: formatInstant(unreachableAt) })}</div>
          )}
          {repair === null ? null : <div className="said">{repairText(repair)}</div>}
        </>
      }
    />
  )
}

function repairText({ phase, waitsFor }: Repair): string {
  switch (waitsFor?.code) {
    case 'NotYet':
      return t('repair.waits.NotYet', { at: formatInstant(waitsFor.dueAt) })
    case 'Brake':
      return t('repair.waits.Brake', waitsFor)
    case 'Frozen':
      return t('repair.waits.Frozen', waitsFor)
    default:
      return t(`repair.phase.${phase}`)
  }
}
