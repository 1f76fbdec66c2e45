import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, still, useAll } from '../../queries.ts'
import { causesText } from '../../ui/cause.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { useRegionFilter } from '../../ui/RegionSwitcher.tsx'
import { StatusTag } from '../../ui/StatusTag.tsx'
import { LinkButton, TextLink } from '../../ui/TextLink.tsx'
import { shownStatus } from './shown-status.ts'

type Service = Item<'GET /v1/services'>

interface Props {
  workspaceId: string
  groupId?: string
  /** What the list is narrowed to; a group shows all that it has. */
  filter?: { q: string; status: string }
}

/** Services, those of the workspace or those of one group. */
export function ServiceTable({ workspaceId, groupId, filter }: Props) {
  const services = useAll('GET /v1/services', { groupId }, live)
  const groups = useAll('GET /v1/groups', {}, still)
  const names = new Map(groups.data?.map(group => [group.groupId, group.name]))
  const regionId = useRegionFilter()
  const keep = (service: Service) =>
    filter === undefined ||
    (service.workspaceId === workspaceId &&
      (regionId === undefined || service.regionId === regionId) &&
      (filter.status === '' || service.status === filter.status) &&
      `${service.name} ${service.serviceId}`.toLowerCase().includes(filter.q.trim().toLowerCase()))
  return (
    <DataTable<Service>
      label={t('services.title')}
      answer={services}
      rowKey={service => service.serviceId}
      keep={keep}
      empty={
        <EmptyState
          title={groupId ? t('groups.noServices') : t('services.empty')}
          hint={groupId ? t('groups.noServicesHint') : t('services.emptyHint')}
        >
          <LinkButton type="primary" to={paths.deploy(workspaceId, groupId ? { groupId } : {})}>
            {t('services.deploy')}
          </LinkButton>
        </EmptyState>
      }
      // A group need not say its own name in every row.
      columns={columnsOf(workspaceId, names).filter(column => groupId === undefined || column.key !== 'group')}
    />
  )
}

const columnsOf = (workspaceId: string, names: ReadonlyMap<string, string>) => [
  {
    key: 'name',
    title: t('services.name'),
    width: widths.id,
    sorter: (a: Service, b: Service) => a.name.localeCompare(b.name),
    render: (_: unknown, { name, serviceId, workspaceId }: Service) => (
      <>
        <div>
          <TextLink to={paths.service(workspaceId, serviceId)} className="said">
            {name}
          </TextLink>
        </div>
        <IdText id={serviceId} />
      </>
    ),
  },
  {
    title: t('common.status'),
    width: widths.text,
    render: (_: unknown, service: Service) => (
      <>
        <StatusTag status={shownStatus(service)} />
        <div className="said quiet">{causesText(service.causes.filter(({ code }) => code !== 'Paused'))}</div>
      </>
    ),
  },
  {
    key: 'replicas',
    title: t('services.replicas'),
    width: 172,
    sorter: (a: Service, b: Service) => a.running - b.running || a.replicas - b.replicas,
    render: (_: unknown, { running, replicas }: Service) => (
      <span className="numeric">{t('services.replicasOf', { running, wanted: replicas })}</span>
    ),
  },
  { title: t('services.version'), width: widths.count, dataIndex: 'version' },
  {
    key: 'group',
    title: t('services.group'),
    width: widths.text,
    render: (_: unknown, service: Service) => (
      <TextLink to={paths.group(workspaceId, service.groupId)} className="said">
        {names.get(service.groupId) ?? service.groupId}
      </TextLink>
    ),
  },
  {
    key: 'updated',
    title: t('services.updatedAt'),
    width: widths.instant,
    sorter: (a: Service, b: Service) => a.updatedAt.localeCompare(b.updatedAt),
    render: (_: unknown, { updatedAt }: Service) => <Instant at={updatedAt} />,
  },
]
