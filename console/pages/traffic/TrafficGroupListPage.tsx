// The traffic groups of a workspace, each with its members' shares.
import { Input } from 'antd'
import type { Item } from '../../api.ts'
import { formatList, formatNumber, t, textFrom } from '../../i18n/t.ts'
import { traffic } from '../../i18n/traffic.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { useRegionFilter } from '../../ui/RegionSwitcher.tsx'
import { ServingTabs } from '../../ui/ServingTabs.tsx'
import { LinkButton, TextLink } from '../../ui/TextLink.tsx'

type Group = Item<'GET /v1/traffic-groups'>

export function TrafficGroupListPage() {
  const { workspaceId } = usePathParams('workspaceId')
  const [{ q = '' }, setSearch] = useSearchState<'q' | 'page'>()
  const groups = useApi('GET /v1/traffic-groups', {}, live)
  const regionId = useRegionFilter()
  const keep = (group: Group) =>
    (regionId === undefined || group.regionId === regionId) &&
    `${group.name} ${group.trafficGroupId}`.includes(q.trim().toLowerCase())
  const search = textFrom(traffic, 'traffic.search')
  return (
    <>
      <PageHeader title={t('nav.serving')} />
      <ServingTabs workspaceId={workspaceId} active="trafficGroups" />
      <div className="toolbar">
        <Input.Search
          allowClear
          aria-label={search}
          placeholder={search}
          defaultValue={q}
          style={{ width: 260 }}
          onChange={event => setSearch({ q: event.target.value, page: undefined })}
        />
        <span className="quiet">{textFrom(traffic, 'traffic.hint')}</span>
      </div>
      <DataTable<Group>
        label={t('nav.trafficGroups')}
        answer={{ ...groups, data: groups.data?.items.filter(group => group.workspaceId === workspaceId) }}
        rowKey={group => group.trafficGroupId}
        keep={keep}
        empty={
          <EmptyState title={textFrom(traffic, 'traffic.empty')} hint={textFrom(traffic, 'traffic.emptyHint')}>
            <LinkButton to={paths.services(workspaceId)}>{t('nav.services')}</LinkButton>
          </EmptyState>
        }
        columns={columns()}
      />
    </>
  )
}

const columns = () => [
  {
    title: t('common.name'),
    width: widths.id,
    render: (_: unknown, { name, trafficGroupId, workspaceId }: Group) => (
      <>
        <div>
          <TextLink to={paths.trafficGroup(workspaceId, trafficGroupId)} className="said">
            {name}
          </TextLink>
        </div>
        <IdText id={trafficGroupId} />
      </>
    ),
  },
  {
    title: textFrom(traffic, 'traffic.shares'),
    width: widths.text,
    render: (_: unknown, { members }: Group) => (
      <span className="said">
        {formatList(
          members.map(({ name, sharePercent }) =>
            textFrom(traffic, 'traffic.shareOf', { name, share: formatNumber(sharePercent, 2) }),
          ),
        )}
      </span>
    ),
  },
  {
    title: textFrom(traffic, 'traffic.mode'),
    width: widths.charge,
    render: (_: unknown, { mode }: Group) => t(`detail.mode.${mode}`),
  },
  {
    title: t('services.endpoint'),
    render: (_: unknown, { endpoint }: Group) => (
      <span className="said">
        {endpoint}
        <CopyButton text={endpoint} />
      </span>
    ),
  },
  {
    title: t('services.updatedAt'),
    width: widths.instant,
    render: (_: unknown, { updatedAt }: Group) => <Instant at={updatedAt} />,
  },
]
