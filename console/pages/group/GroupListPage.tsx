// The resource groups of the account. Search and filters stand in the address.
import { DownOutlined } from '@ant-design/icons'
import { useRouter } from '@tanstack/react-router'
import { Button, Dropdown, Input, Select } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { GroupRename } from '../../forms/group-rename.tsx'
import { formatCpu, formatGib, formatNumber, t } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useAll } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant, Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { useRegionFilter } from '../../ui/RegionSwitcher.tsx'
import { ServingTabs } from '../../ui/ServingTabs.tsx'
import { ChargeTag } from '../../ui/StatusTag.tsx'
import { LinkButton, TextLink } from '../../ui/TextLink.tsx'
import { GroupStatus } from './GroupStatus.tsx'

export type Group = Item<'GET /v1/groups'>

export function GroupListPage() {
  const { workspaceId } = usePathParams('workspaceId')
  const [{ q = '', kind }, setSearch] = useSearchState<'q' | 'kind' | 'page'>()
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
      <div className="toolbar">
        <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
          <Input.Search
            allowClear
            defaultValue={q}
            onChange={event => setSearch({ q: event.target.value, page: undefined })}
            placeholder={t('groups.search')}
            aria-label={t('groups.search')}
            style={{ width: 260 }}
          />
          <Select
            aria-label={t('groups.kind')}
            value={kind ?? ''}
            onChange={value => setSearch({ kind: value, page: undefined })}
            style={{ minWidth: 160 }}
            options={[
              { value: '', label: t('groups.everyKind') },
              { value: 'prepaid', label: t('charge.prepaid') },
              { value: 'postpaid', label: t('charge.postpaid') },
            ]}
          />
        </div>
        <NewGroup workspaceId={workspaceId} />
      </div>
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
    <Dropdown
      trigger={['click']}
      menu={{
        items: [
          { key: 'prepaid', label: t('groups.newPrepaid') },
          { key: 'postpaid', label: t('groups.newPostpaid') },
        ],
        onClick: ({ key }) => router.history.push(paths.buy(workspaceId, { chargeType: key })),
      }}
    >
      <Button type="primary" icon={<DownOutlined />} iconPlacement="end">
        {t('groups.new')}
      </Button>
    </Dropdown>
  )
}

const columns = (workspaceId: string, rename: (group: Group) => void) => [
  {
    title: `${t('common.name')} / ${t('groups.id')}`,
    width: 260,
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
  { title: t('common.status'), width: 130, render: (_: unknown, group: Group) => <GroupStatus group={group} /> },
  {
    title: t('groups.kind'),
    width: 120,
    render: (_: unknown, { kind }: Group) => <ChargeTag chargeType={kind} />,
  },
  {
    title: t('groups.machines'),
    width: 130,
    render: (_: unknown, { prepaidMachines, postpaidMachines }: Group) => (
      <span className="numeric">
        {t('groups.machinesOf', { prepaid: prepaidMachines, postpaid: postpaidMachines })}
      </span>
    ),
  },
  {
    title: t('groups.cpu'),
    width: 130,
    render: (_: unknown, { cpuUsedMilli, cpuMilli }: Group) => used(formatCpu(cpuUsedMilli), formatCpu(cpuMilli)),
  },
  {
    title: t('groups.memory'),
    width: 150,
    render: (_: unknown, { memoryUsedMib, memoryMib }: Group) => used(formatGib(memoryUsedMib), formatGib(memoryMib)),
  },
  {
    title: t('groups.gpu'),
    width: 120,
    render: (_: unknown, { gpuUsed, gpuCount }: Group) => used(formatNumber(gpuUsed), formatNumber(gpuCount)),
  },
  {
    title: t('groups.services'),
    width: 90,
    render: (_: unknown, { services }: Group) => <span className="numeric">{formatNumber(services)}</span>,
  },
  {
    title: t('groups.nextExpiry'),
    width: 190,
    render: (_: unknown, { nextExpiresAt }: Group) => <BillingInstant at={nextExpiresAt} />,
  },
  {
    title: t('common.createdAt'),
    width: 160,
    render: (_: unknown, { createdAt }: Group) => <Instant at={createdAt} />,
  },
  {
    title: t('common.actions'),
    width: 180,
    fixed: 'end' as const,
    render: (_: unknown, group: Group) => (
      <>
        <Button type="link" size="small" onClick={() => rename(group)}>
          {t('groups.rename')}
        </Button>
        <LinkButton
          type="link"
          size="small"
          to={paths.buy(workspaceId, { groupId: group.groupId, chargeType: group.kind })}
        >
          {t('groups.addMachines')}
        </LinkButton>
      </>
    ),
  },
]

const used = (part: string, total: string) => <span className="numeric">{t('groups.used', { used: part, total })}</span>
