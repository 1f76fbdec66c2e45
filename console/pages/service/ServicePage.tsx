import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { usePathParams } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { StatusTag } from '../../ui/StatusTag.tsx'

type ServiceInstance = Item<'GET /v1/services/{service}/instances'>

export function ServicePage() {
  const { workspaceId, service: name } = usePathParams('workspaceId', 'service')
  const params = { service: name }
  const service = useApi('GET /v1/services/{service}', { params }, live)
  const serviceInstances = useApi('GET /v1/services/{service}/instances', { params }, live)
  if (service.error && !service.data) return <ErrorState error={service.error} onRetry={() => void service.refetch()} />
  if (!service.data) return <PageSkeleton />
  const { status, serviceId, groupId, running, replicas, version, endpoint, updatedAt } = service.data
  return (
    <>
      <PageHeader
        title={service.data.name}
        trail={[{ text: t('nav.services'), to: paths.services(workspaceId) }]}
        tags={
          <>
            <IdText id={serviceId} />
            <StatusTag status={status} />
          </>
        }
      />
      <Facts
        items={[
          [t('services.group'), <IdText key="group" id={groupId} to={paths.group(workspaceId, groupId)} />],
          [t('services.replicas'), t('services.replicasOf', { running, wanted: replicas })],
          [t('services.version'), String(version)],
          [t('services.endpoint'), endpoint],
          [t('services.updatedAt'), <Instant key="updated" at={updatedAt} />],
        ]}
      />
      <DataTable<ServiceInstance>
        label={t('services.instanceId')}
        answer={{ ...serviceInstances, data: serviceInstances.data?.items }}
        rowKey={one => one.serviceInstanceId}
        empty={<EmptyState title={t('services.noInstances')} />}
        columns={[
          { title: t('services.instanceId'), render: (_, one) => <IdText id={one.serviceInstanceId} /> },
          { title: t('common.status'), render: (_, one) => <StatusTag status={one.status} /> },
          {
            title: t('services.machine'),
            render: (_, { machineId }) =>
              machineId === null ? '—' : <IdText id={machineId} to={paths.machine(workspaceId, machineId)} />,
          },
          { title: t('common.createdAt'), render: (_, { createdAt }) => <Instant at={createdAt} /> },
        ]}
      />
    </>
  )
}
