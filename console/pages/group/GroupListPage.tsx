// The resource groups of the account. Search and filters stand in the address.
import { DownOutlined } from '@ant-design/icons'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { formatCpu, formatGib, formatNumber, t } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useAll } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { ListFilters } from '../../ui/ListFilters.tsx'
import { lazyDialog } from '../../ui/lazy-dialog.tsx'
import { MenuButton } from '../../ui/MenuButton.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { useRegionFilter } from '../../ui/RegionSwitcher.tsx'
import { ServingTabs } from '../../ui/ServingTabs.tsx'
import { ChargeTag } from '../../ui/StatusTag.tsx'
import { LinkButton, TextLink } from '../../ui/TextLink.tsx'
import { GroupStatus } from './GroupStatus.tsx'

const GroupRename = lazyDialog(async () => (await import('../../forms/group-rename.tsx')).GroupRename)

export type Group = Item<'GET /v1/groups'>

export function GroupListPage() {
  const { workspaceId } = usePathParams('workspaceId')
  const [{ q = '', kind }] = useSearchState<'q' | 'kind'>()
  const groups = useAll('GET /v1/groups', { regionId: useRegionFilter() }, live)
  const [renaming, setRenaming] = useState<Group | null>(null)
  const wanted = q.trim().toLowerCase()
  const keep = (group: Group) =>
    (group.name.toLowerCase().includes(wanted) || group.groupId.includes(wanted)) &&
    (kind === undefined || group.kind === kind)
  return (
    <>
      <PageHeader title={t('nav.serving')} />
      <ServingTabs workspaceId={workspaceId} active="groups" />
      <ListFilters
        search={t('groups.search')}
        choice={{
          name: 'kind',
          label: t('groups.kind'),
          every: t('groups.everyKind'),
          options: [
            { value: 'prepaid', label: t('charge.prepaid') },
            { value: 'postpaid', label: t('charge.postpaid') },
          ],
        }}
      >
        <NewGroup workspaceId={workspaceId} />
      </ListFilters>
      <DataTable<Group>
        label={t('groups.title')}
        answer={groups}
        rowKey={group => group.groupId}
        keep={keep}
        columns={columns(workspaceId, setRenaming)}
        empty={
          <EmptyState title={t('groups.empty')} hint={t('groups.emptyHint')}>
            <LinkButton type="primary" to={paths.buy(workspaceId, { chargeType: 'prepaid' })}>
              {t('groups.new')}
            </LinkButton>
          </EmptyState>
        }
      />
      {renaming ? <GroupRename group={renaming} onClose={() => setRenaming(null)} /> : null}
    </>
  )
}

function NewGroup({ workspaceId }: { workspaceId: string }) {
  const router = useRouter()
  return (
    <MenuButton
      type="primary"
      icon={<DownOutlined aria-hidden />}
      iconPlacement="end"
      menu={{
        items: [
          { key: 'prepaid', label: t('groups.newPrepaid') },
          { key: 'postpaid', label: t('groups.newPostpaid') },
        ],
        onClick: ({ key }) => router.history.push(paths.buy(workspaceId, { chargeType: key })),
      }}
    >
      {t('groups.new')}
    </MenuButton>
  )
}

interface MachinesOfProps {
  chargeType: Group['kind']
  count: number
  /** Of the kind that the group was created with: said also while it has none. */
  own: boolean
}

function MachinesOf({ chargeType, count, own }: MachinesOfProps) {
  return (
    <>
      {own || count > 0 ? (
        <div>
          <ChargeTag chargeType={chargeType} />
        </div>
      ) : null}
      {count > 0 ? <div className="numeric quiet">{t('groups.machinesOf', { count })}</div> : null}
    </>
  )
}

const columns = (workspaceId: string, rename: (group: Group) => void) => [
  {
    title: `${t('common.name')} / ${t('groups.id')}`,
    width: widths.id,
    render: (_: unknown, { groupId, name }: Group) => (
      <>
        <div>
          <TextLink to={paths.group(workspaceId, groupId)} className="said">
            {name}
          </TextLink>
        </div>
        <IdText id={groupId} />
      </>
    ),
  },
  {
    title: t('common.status'),
    width: widths.status,
    render: (_: unknown, group: Group) => <GroupStatus group={group} />,
  },
  {
    title: t('groups.machines'),
    width: widths.charge,
    render: (_: unknown, { kind, prepaidMachines, postpaidMachines }: Group) => (
      <div className="lines">
        <MachinesOf chargeType="prepaid" count={prepaidMachines} own={kind === 'prepaid'} />
        <MachinesOf chargeType="postpaid" count={postpaidMachines} own={kind === 'postpaid'} />
      </div>
    ),
  },
  {
    title: t('groups.usedOfTotal'),
    width: widths.used,
    render: (_: unknown, group: Group) => (
      <div className="lines numeric">
        <div>{t('groups.cpuOf', { used: formatCpu(group.cpuUsedMilli), total: formatCpu(group.cpuMilli) })}</div>
        <div>{t('groups.memoryOf', { used: formatGib(group.memoryUsedMib), total: formatGib(group.memoryMib) })}</div>
        {group.gpuCount > 0 ? <div>{t('groups.gpuOf', { used: group.gpuUsed, total: group.gpuCount })}</div> : null}
      </div>
    ),
  },
  {
    title: t('groups.services'),
    width: widths.count,
    render: (_: unknown, { services }: Group) => <span className="numeric">{formatNumber(services)}</span>,
  },
  {
    title: t('groups.nextExpiry'),
    width: widths.instant,
    render: (_: unknown, { nextExpiresAt }: Group) => <BillingInstant at={nextExpiresAt} />,
  },
  {
    title: t('common.actions'),
    width: 120,
    render: (_: unknown, group: Group) => (
      <div className="lines">
        <div>
          <ActionButton
            can="group.write"
            type="link"
            size="small"
            style={{ paddingInline: 0 }}
            onClick={() => rename(group)}
          >
            {t('groups.rename')}
          </ActionButton>
        </div>
        <LinkButton
          type="link"
          size="small"
          style={{ paddingInline: 0 }}
          to={paths.buy(workspaceId, { groupId: group.groupId, chargeType: group.kind })}
        >
          {t('groups.addMachines')}
        </LinkButton>
      </div>
    ),
  },
]
