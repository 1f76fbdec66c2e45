// One traffic group: where it is called, and how its requests are split among its members.
import { Tabs } from 'antd'
import { useState } from 'react'
import { TrafficSplit } from '../../forms/traffic-split.tsx'
import { t, textFrom } from '../../i18n/t.ts'
import { traffic } from '../../i18n/traffic.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { EventTable } from '../../ui/EventTable.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { trafficTrail } from '../../ui/trails.ts'
import { AccessKeys } from './AccessKeys.tsx'
import { MemberTable, type TrafficGroup } from './MemberTable.tsx'

/** Gateways say that they obey without an event. */
const untilObeyed = {
  refetchInterval: (query: { state: { data: unknown } }) => {
    const group = query.state.data as TrafficGroup | undefined
    return group && group.gateways.acknowledged < group.gateways.live ? 1_000 : live.refetchInterval(query)
  },
}

export function TrafficGroupPage() {
  const { workspaceId, trafficGroup } = usePathParams('workspaceId', 'trafficGroup')
  const answer = useApi('GET /v1/traffic-groups/{trafficGroup}', { params: { trafficGroup } }, untilObeyed)
  const trail = trafficTrail(workspaceId)
  if (answer.error && !answer.data) {
    return (
      <ErrorState error={answer.error} onRetry={() => void answer.refetch()} page={{ title: trafficGroup, trail }} />
    )
  }
  if (!answer.data) return <PageSkeleton />
  const group = answer.data
  const { live: every, acknowledged } = group.gateways
  return (
    <>
      <PageHeader
        title={group.name}
        trail={trail}
        tags={<IdText id={group.trafficGroupId} />}
        actions={<Actions group={group} />}
      />
      <Facts
        items={[
          [textFrom(traffic, 'traffic.mode'), t(`detail.mode.${group.mode}`)],
          [
            textFrom(traffic, 'traffic.gateways'),
            textFrom(traffic, 'traffic.gatewaysOf', { acknowledged, live: every }),
          ],
          [
            t('services.endpoint'),
            <span key="endpoint" className="said endpoint">
              {group.endpoint}
              <CopyButton text={group.endpoint} />
            </span>,
          ],
          [t('services.updatedAt'), <Instant key="updated" at={group.updatedAt} />],
        ]}
      />
      <GroupTabs group={group} />
    </>
  )
}

function GroupTabs({ group }: { group: TrafficGroup }) {
  const [{ tab = 'members' }, setSearch] = useSearchState<'tab' | 'page'>()
  const { trafficGroupId, name } = group
  return (
    <Tabs
      activeKey={tab}
      destroyOnHidden
      onChange={key => setSearch({ tab: key, page: undefined })}
      items={[
        { key: 'members', label: textFrom(traffic, 'traffic.tabMembers'), children: <MemberTable group={group} /> },
        {
          key: 'keys',
          label: textFrom(traffic, 'traffic.keys'),
          children: <AccessKeys of={{ trafficGroup: trafficGroupId }} name={name} />,
        },
        {
          key: 'events',
          label: t('services.tabEvents'),
          children: <EventTable subjectKind="traffic_group" subjectId={trafficGroupId} />,
        },
      ]}
    />
  )
}

function Actions({ group }: { group: TrafficGroup }) {
  const [asking, setAsking] = useState<'split' | 'back' | null>(null)
  const back = useAct('POST /v1/traffic-groups/{trafficGroup}/switch-back')
  const close = () => setAsking(null)
  return (
    <>
      <ActionButton can="service.write" type="primary" onClick={() => setAsking('split')}>
        {textFrom(traffic, 'traffic.change')}
      </ActionButton>
      {group.canSwitchBack ? (
        <ActionButton can="service.write" onClick={() => setAsking('back')}>
          {textFrom(traffic, 'traffic.back')}
        </ActionButton>
      ) : null}
      {asking === 'split' ? <TrafficSplit group={group} onClose={close} /> : null}
      {asking === 'back' ? (
        <ConfirmImpact
          open
          title={textFrom(traffic, 'traffic.backTitle', { name: group.name })}
          action={textFrom(traffic, 'traffic.back')}
          onConfirm={() => back.mutateAsync({ params: { trafficGroup: group.trafficGroupId } })}
          onClose={close}
        >
          <div>{textFrom(traffic, 'traffic.backImpact')}</div>
        </ConfirmImpact>
      ) : null}
    </>
  )
}
