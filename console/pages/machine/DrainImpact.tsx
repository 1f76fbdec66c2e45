// Before a drain: what would move away from the machine, and which machines of its group have room.
import { Alert } from 'antd'
import { formatCpu, formatGib, t } from '../../i18n/t.ts'
import { useAll, useApi } from '../../queries.ts'
import type { Machine } from '../group/GroupMachines.tsx'

const shownAtMost = 8

export function DrainImpact({ machines }: { machines: readonly Machine[] }) {
  const leaving = new Set(machines.map(machine => machine.machineId))
  const groupId = machines[0]?.groupId
  const group = useAll('GET /v1/machines', { groupId })
  const room = (group.data ?? []).filter(({ machineId, status }) => status === 'Ready' && !leaving.has(machineId))
  return (
    <>
      {machines.slice(0, shownAtMost).map(({ machineId }) => (
        <OnMachine key={machineId} machineId={machineId} />
      ))}
      <div>
        <strong>{t('drain.room')}</strong>
        {group.data && room.length === 0 ? <Alert type="warning" showIcon title={t('drain.noRoom')} /> : null}
        <ul className="impact">
          {room.slice(0, shownAtMost).map(m => (
            <li key={m.machineId}>
              <span className="id-text">{m.machineId}</span>{' '}
              {t('drain.roomOf', {
                cpu: formatCpu(m.cpuMilli - m.cpuUsedMilli),
                memory: formatGib(m.memoryMib - m.memoryUsedMib),
                gpu: m.gpuCount - m.gpuUsed,
              })}
            </li>
          ))}
        </ul>
        {room.length > shownAtMost ? t('drain.moreRoom', { count: room.length - shownAtMost }) : null}
      </div>
    </>
  )
}

function OnMachine({ machineId }: { machineId: string }) {
  const serviceInstances = useApi('GET /v1/machines/{machineId}/instances', { params: { machineId } })
  const items = serviceInstances.data?.items
  return (
    <div>
      <strong>{items ? t('drain.moves', { count: items.length }) : '…'}</strong>{' '}
      <span className="id-text">{machineId}</span>
      <ul className="impact">
        {items?.slice(0, shownAtMost).map(one => (
          <li key={one.serviceInstanceId}>
            <span className="said">{one.serviceName}</span> <span className="id-text">{one.serviceInstanceId}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
