import { Alert } from 'antd'
import { type ReactNode, useState } from 'react'
import { formatCpu, formatGib, t, tryT } from '../../i18n/t.ts'
import { usePathParams } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ActorName } from '../../ui/ActorName.tsx'
import { useZoneNames } from '../../ui/catalog-names.ts'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { EventTable } from '../../ui/EventTable.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { GroupLink } from '../../ui/GroupLink.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant, Instant } from '../../ui/Instant.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { lazyDialog } from '../../ui/lazy-dialog.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { refusalText } from '../../ui/refusal.ts'
import { ChargeTag, StatusTag } from '../../ui/StatusTag.tsx'
import { groupsTrail } from '../../ui/trails.ts'
import type { Machine } from '../group/GroupMachines.tsx'
import { MachineActions } from '../group/MachineActions.tsx'
import { DrainProgress } from './DrainProgress.tsx'
import { MachineInstances } from './MachineInstances.tsx'
import { MachineRepair } from './MachineRepair.tsx'

const ResizeMachine = lazyDialog(async () => (await import('../../forms/machine-resize.tsx')).ResizeMachine)

export function MachinePage() {
  const { workspaceId, machineId } = usePathParams('workspaceId', 'machineId')
  const params = { machineId }
  const nameOf = useZoneNames()
  const machine = useApi('GET /v1/machines/{machineId}', { params }, live)
  const groupId = machine.data?.groupId
  const group = useApi(
    'GET /v1/groups/{groupId}',
    { params: { groupId: groupId ?? '' } },
    { enabled: groupId !== undefined },
  )
  const trail = groupsTrail(workspaceId)
  if (machine.error && !machine.data) {
    return (
      <ErrorState error={machine.error} onRetry={() => void machine.refetch()} page={{ title: machineId, trail }} />
    )
  }
  if (!machine.data) return <PageSkeleton />
  const m = machine.data
  // Its id would flash until the name is there.
  const groupName = group.data?.name ?? (group.isPending ? '…' : m.groupId)
  return (
    <>
      <PageHeader
        title={machineId}
        trail={[...trail, { text: groupName, to: paths.group(workspaceId, m.groupId) }]}
        tags={<StatusTag status={m.status} />}
        actions={<MachineActions machines={[m]} single />}
      />
      <Facts
        items={[
          [t('machines.group'), <GroupLink key="group" workspaceId={workspaceId} groupId={m.groupId} />],
          [t('machines.spec'), m.specId],
          [
            t('common.zone'),
            <span key="zone">
              {nameOf(m.zoneId)} <span className="id-text quiet">{m.zoneId}</span>
            </span>,
          ],
          [t('machines.charge'), <ChargeTag key="charge" chargeType={m.chargeType} />],
          [t('groups.cpu'), t('groups.used', { used: formatCpu(m.cpuUsedMilli), total: formatCpu(m.cpuMilli) })],
          [t('groups.memory'), t('groups.used', { used: formatGib(m.memoryUsedMib), total: formatGib(m.memoryMib) })],
          [t('groups.gpu'), m.gpuCount > 0 ? `${m.gpuUsed} / ${m.gpuCount} ${m.gpuModel ?? ''}` : '—'],
          [t('machines.disk'), <SystemDisk key="disk" machine={m} />],
          [t('machines.address'), m.address ?? '—'],
          [t('machines.runningAt'), <Instant key="running" at={m.runningAt} />],
          [t('orders.id'), <IdText key="order" id={m.orderId} to={paths.order(m.orderId)} />],
          ...(m.chargeType === 'prepaid' ? paidUntil(m) : []),
        ]}
      />
      <Said machine={m} />
      <MachineRepair machine={m} />
      <DrainProgress workspaceId={workspaceId} machine={m} />
      <h2 style={{ fontSize: 16 }}>{t('machines.instances')}</h2>
      <MachineInstances workspaceId={workspaceId} machineId={machineId} />
      <h2 style={{ fontSize: 16 }}>{t('groups.tabEvents')}</h2>
      <EventTable subjectKind="machine" subjectId={machineId} />
    </>
  )
}

/** How large it is, and the way to a larger one. */
function SystemDisk({ machine }: { machine: Machine }) {
  const [asking, setAsking] = useState(false)
  return (
    <>
      {t('machines.diskGib', { gib: machine.systemDiskGib })}{' '}
      <ActionButton can="order.write" size="small" refusal={machine.refusals.resize} onClick={() => setAsking(true)}>
        {t('machines.resize')}
      </ActionButton>
      {asking ? <ResizeMachine machine={machine} onClose={() => setAsking(false)} /> : null}
    </>
  )
}

const paidUntil = (m: Machine): [string, ReactNode][] => [
  [t('machines.expiresAt'), <BillingInstant key="expires" at={m.expiresAt} />],
  [t('machines.autoRenew'), t(m.autoRenew ? 'machines.on' : 'machines.off')],
]

/** What people should know first: how it failed, who holds it and why, why it can't be deleted and whom to ask. */
function Said({ machine: m }: { machine: Machine }) {
  const contact = useInstallation()?.operatorContact
  return (
    <div style={{ display: 'grid', gap: 8, margin: '12px 0' }}>
      {m.failure ? <Alert type="error" showIcon title={<span className="said">{m.failure.message}</span>} /> : null}
      {m.holds.length > 0 ? (
        <Alert
          type="warning"
          showIcon
          title={t('machines.holds')}
          description={
            <ul className="impact">
              {m.holds.map(hold => (
                <li key={hold.ownerKind + hold.owner} className="said">
                  {tryT(`hold.${hold.ownerKind}`) ?? hold.ownerKind} · <ActorName by={hold.by} id={hold.owner} /> ·{' '}
                  {hold.reason || '—'} · <Instant at={hold.at} />
                </li>
              ))}
            </ul>
          }
        />
      ) : null}
      {m.refusals.release ? (
        <Alert
          type="info"
          showIcon
          title={t('machines.whyNotDelete')}
          description={<span className="said">{refusalText(m.refusals.release, contact)}</span>}
        />
      ) : null}
    </div>
  )
}
