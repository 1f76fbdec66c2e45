// One resource group: what it is, how to deploy onto it, and its machines, services, orders and events.

import { Button, Tabs } from 'antd'
import { useState } from 'react'
import { GroupRename } from '../../forms/group-rename.tsx'
import { formatCpu, formatGib, formatNumber, t } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { EventTable } from '../../ui/EventTable.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant, Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { useRegionName } from '../../ui/RegionSwitcher.tsx'
import { ChargeTag } from '../../ui/StatusTag.tsx'
import { LinkButton } from '../../ui/TextLink.tsx'
import { groupsTrail } from '../../ui/trails.ts'
import { OrderTable } from '../money/OrderTable.tsx'
import { ServiceTable } from '../service/ServiceTable.tsx'
import { DeleteGroup } from './DeleteGroup.tsx'
import { DeployHere } from './DeployHere.tsx'
import type { Group } from './GroupListPage.tsx'
import { GroupMachines } from './GroupMachines.tsx'
import { GroupStatus } from './GroupStatus.tsx'
import { RebalanceGroup } from './RebalanceGroup.tsx'

export function GroupPage() {
  const { workspaceId, groupId } = usePathParams('workspaceId', 'groupId')
  const group = useApi('GET /v1/groups/{groupId}', { params: { groupId } }, live)
  if (group.error && !group.data) {
    return (
      <ErrorState
        error={group.error}
        onRetry={() => void group.refetch()}
        page={{ title: groupId, trail: groupsTrail(workspaceId) }}
      />
    )
  }
  if (!group.data) return <PageSkeleton />
  return (
    <>
      <GroupHeader workspaceId={workspaceId} group={group.data} />
      <GroupFacts group={group.data} />
      <GroupTabs workspaceId={workspaceId} groupId={groupId} />
    </>
  )
}

function GroupHeader({ workspaceId, group }: { workspaceId: string; group: Group }) {
  const [dialog, setDialog] = useState<'rename' | 'deploy' | 'rebalance' | 'delete' | null>(null)
  const close = () => setDialog(null)
  return (
    <>
      <PageHeader
        title={group.name}
        trail={groupsTrail(workspaceId)}
        tags={
          <>
            <IdText id={group.groupId} />
            <GroupStatus group={group} />
          </>
        }
        actions={
          <>
            <LinkButton type="primary" to={paths.buy(workspaceId, { groupId: group.groupId, chargeType: group.kind })}>
              {t('groups.addMachines')}
            </LinkButton>
            <Button onClick={() => setDialog('deploy')}>{t('groups.deploy')}</Button>
            <ActionButton can="group.write" onClick={() => setDialog('rename')}>
              {t('groups.rename')}
            </ActionButton>
            <ActionButton can="fleet.operate" onClick={() => setDialog('rebalance')}>
              {t('groups.rebalance')}
            </ActionButton>
            <ActionButton can="group.write" danger onClick={() => setDialog('delete')}>
              {t('groups.delete')}
            </ActionButton>
          </>
        }
      />
      {dialog === 'rename' ? <GroupRename group={group} onClose={close} /> : null}
      <DeployHere open={dialog === 'deploy'} workspaceId={workspaceId} group={group} onClose={close} />
      {dialog === 'rebalance' ? <RebalanceGroup group={group} onClose={close} /> : null}
      {dialog === 'delete' ? <DeleteGroup workspaceId={workspaceId} group={group} onClose={close} /> : null}
    </>
  )
}

function GroupFacts({ group }: { group: Group }) {
  const region = useRegionName(group.regionId)
  const used = (part: string, total: string) => t('groups.used', { used: part, total })
  return (
    <Facts
      items={[
        [t('groups.kind'), <ChargeTag key="kind" chargeType={group.kind} />],
        [t('common.region'), region],
        [t('groups.cpu'), used(formatCpu(group.cpuUsedMilli), formatCpu(group.cpuMilli))],
        [t('groups.memory'), used(formatGib(group.memoryUsedMib), formatGib(group.memoryMib))],
        [t('groups.gpu'), used(formatNumber(group.gpuUsed), formatNumber(group.gpuCount))],
        [t('groups.services'), formatNumber(group.services)],
        [t('groups.nextExpiry'), <BillingInstant key="expiry" at={group.nextExpiresAt} />],
        [t('common.createdAt'), <Instant key="created" at={group.createdAt} />],
      ]}
    />
  )
}

function GroupTabs({ workspaceId, groupId }: { workspaceId: string; groupId: string }) {
  const [{ tab = 'machines' }, setSearch] = useSearchState<string>()
  return (
    <Tabs
      activeKey={tab}
      destroyOnHidden
      // Filters belong to the tab that they were set on.
      onChange={key => setSearch({ tab: key, q: undefined, status: undefined, page: undefined })}
      items={[
        {
          key: 'machines',
          label: t('groups.tabMachines'),
          children: <GroupMachines workspaceId={workspaceId} groupId={groupId} />,
        },
        {
          key: 'services',
          label: t('groups.tabServices'),
          children: <ServiceTable workspaceId={workspaceId} groupId={groupId} />,
        },
        { key: 'orders', label: t('groups.tabOrders'), children: <OrderTable groupId={groupId} /> },
        {
          key: 'events',
          label: t('groups.tabEvents'),
          children: <EventTable subjectKind="group" subjectId={groupId} />,
        },
      ]}
    />
  )
}
