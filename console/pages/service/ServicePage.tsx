// One service: what it is and how it is, then its instances, a place to try it, logs, versions and events.
import { useRouter } from '@tanstack/react-router'
import { Skeleton, Tabs } from 'antd'
import { lazy, Suspense, useEffect } from 'react'
import { formatCpu, formatGib, t } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { causesText } from '../../ui/cause.ts'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { EventTable } from '../../ui/EventTable.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { GroupLink } from '../../ui/GroupLink.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { StatusTag } from '../../ui/StatusTag.tsx'
import { servicesTrail } from '../../ui/trails.ts'
import { RolloutCard } from './RolloutCard.tsx'
import { type Service, ServiceActions } from './ServiceActions.tsx'
import { ServiceInstances } from './ServiceInstances.tsx'
import { ServiceLogs } from './ServiceLogs.tsx'
import { ServiceVersions } from './ServiceVersions.tsx'
import { shownStatus } from './shown-status.ts'
import { TryIt } from './TryIt.tsx'

const ServiceTraffic = lazy(async () => ({ default: (await import('./ServiceTraffic.tsx')).ServiceTraffic }))
const ServiceLoad = lazy(async () => ({ default: (await import('./ServiceLoad.tsx')).ServiceLoad }))

export function ServicePage() {
  const { workspaceId, service: name } = usePathParams('workspaceId', 'service')
  const router = useRouter()
  const answer = useApi('GET /v1/services/{service}', { params: { service: name } }, live)
  // A service is shown in its own workspace only.
  const elsewhere = answer.data && answer.data.workspaceId !== workspaceId ? answer.data : null
  useEffect(() => {
    if (elsewhere) router.history.replace(paths.service(elsewhere.workspaceId, elsewhere.serviceId))
  }, [elsewhere, router])
  const trail = servicesTrail(workspaceId)
  if (answer.error && !answer.data) {
    return <ErrorState error={answer.error} onRetry={() => void answer.refetch()} page={{ title: name, trail }} />
  }
  if (!answer.data || elsewhere) return <PageSkeleton />
  const service = answer.data
  return (
    <>
      <PageHeader
        title={service.name}
        trail={trail}
        tags={
          <>
            <IdText id={service.serviceId} />
            <StatusTag status={shownStatus(service)} />
            {service.rollout === null ? <span className="said">{causesText(service.causes)}</span> : null}
          </>
        }
        actions={<ServiceActions workspaceId={workspaceId} service={service} />}
      />
      <RolloutCard workspaceId={workspaceId} service={service} />
      <ServiceFacts workspaceId={workspaceId} service={service} />
      <ServiceTabs workspaceId={workspaceId} service={service} />
    </>
  )
}

function ServiceFacts({ workspaceId, service }: { workspaceId: string; service: Service }) {
  const { groupId, running, replicas, version, cpuMilli, memoryMib, gpuCount } = service
  const size = { cpu: formatCpu(cpuMilli), memory: formatGib(memoryMib), gpu: gpuCount }
  return (
    <Facts
      items={[
        [t('services.group'), <GroupLink key="group" workspaceId={workspaceId} groupId={groupId} />],
        [t('services.replicas'), t('services.replicasOf', { running, wanted: replicas })],
        [t('services.resources'), t(gpuCount > 0 ? 'services.cpuMemoryGpu' : 'services.cpuMemory', size)],
        [t('services.version'), String(version)],
        [
          t('services.endpoint'),
          <span key="endpoint" className="said endpoint">
            {service.endpoint}
            <CopyButton text={service.endpoint} />
          </span>,
        ],
        [t('services.updatedAt'), <Instant key="updated" at={service.updatedAt} />],
      ]}
    />
  )
}

function ServiceTabs({ workspaceId, service }: { workspaceId: string; service: Service }) {
  const [{ tab = 'instances' }, setSearch] = useSearchState<'tab' | 'page' | 'log'>()
  return (
    <Tabs
      activeKey={tab}
      destroyOnHidden
      onChange={key => setSearch({ tab: key, page: undefined, log: undefined })}
      items={[
        {
          key: 'instances',
          label: t('services.tabInstances'),
          children: <ServiceInstances workspaceId={workspaceId} service={service} />,
        },
        { key: 'try', label: t('services.tabTry'), children: <TryIt service={service} /> },
        {
          key: 'traffic',
          label: t('services.tabTraffic'),
          children: (
            <Suspense fallback={<Skeleton active />}>
              <ServiceTraffic service={service} />
            </Suspense>
          ),
        },
        {
          key: 'load',
          label: t('services.tabLoad'),
          children: (
            <Suspense fallback={<Skeleton active />}>
              <ServiceLoad service={service} />
            </Suspense>
          ),
        },
        { key: 'logs', label: t('services.tabLogs'), children: <ServiceLogs service={service} /> },
        { key: 'versions', label: t('services.tabVersions'), children: <ServiceVersions service={service} /> },
        {
          key: 'events',
          label: t('services.tabEvents'),
          children: <EventTable subjectKind="service" subjectId={service.serviceId} />,
        },
      ]}
    />
  )
}
