import type { Item } from '../../api.ts'
import { formatCpu, formatGib, t } from '../../i18n/t.ts'
import { usePathParams } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { EventTable } from '../../ui/EventTable.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant, Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { ChargeTag, StatusTag } from '../../ui/StatusTag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'

type ServiceInstance = Item<'GET /v1/machines/{machineId}/instances'>

export function MachinePage() {
  const { workspaceId, machineId } = usePathParams('workspaceId', 'machineId')
  const params = { machineId }
  const machine = useApi('GET /v1/machines/{machineId}', { params }, live)
  const serviceInstances = useApi('GET /v1/machines/{machineId}/instances', { params }, live)
  if (machine.error && !machine.data) return <ErrorState error={machine.error} onRetry={() => void machine.refetch()} />
  if (!machine.data) return <PageSkeleton />
  const m = machine.data
  return (
    <>
      <PageHeader
        title={machineId}
        trail={[
          { text: t('nav.groups'), to: paths.groups(workspaceId) },
          { text: m.groupId, to: paths.group(workspaceId, m.groupId) },
        ]}
        tags={<StatusTag status={m.status} />}
      />
      <Facts
        items={[
          [t('machines.group'), <IdText key="group" id={m.groupId} to={paths.group(workspaceId, m.groupId)} />],
          [t('machines.spec'), m.specId],
          [t('common.zone'), m.zoneId],
          [t('machines.charge'), <ChargeTag key="charge" chargeType={m.chargeType} />],
          [t('machines.cpu'), formatCpu(m.cpuMilli)],
          [t('machines.memory'), formatGib(m.memoryMib)],
          [t('machines.disk'), t('machines.diskGib', { gib: m.systemDiskGib })],
          [t('machines.address'), m.address ?? '—'],
          [t('machines.runningAt'), <Instant key="running" at={m.runningAt} />],
          [t('machines.expiresAt'), <BillingInstant key="expires" at={m.expiresAt} />],
        ]}
      />
      <h2 style={{ fontSize: 16 }}>{t('machines.instances')}</h2>
      <DataTable<ServiceInstance>
        label={t('machines.instances')}
        answer={{ ...serviceInstances, data: serviceInstances.data?.items }}
        rowKey={one => one.serviceInstanceId}
        empty={<EmptyState title={t('machines.noInstances')} />}
        columns={[
          { title: t('services.instanceId'), render: (_, one) => <IdText id={one.serviceInstanceId} /> },
          {
            title: t('services.name'),
            render: (_, { serviceName }) => (
              <TextLink to={paths.service(workspaceId, serviceName)}>{serviceName}</TextLink>
            ),
          },
          { title: t('common.status'), render: (_, one) => <StatusTag status={one.status} /> },
        ]}
      />
      <h2 style={{ fontSize: 16 }}>{t('groups.tabEvents')}</h2>
      <EventTable subjectKind="machine" subjectId={machineId} />
    </>
  )
}
