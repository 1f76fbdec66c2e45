// How requests come to a service: its traffic group, its mirror, its limits, and the keys of its callers.
import { App, Card, Skeleton } from 'antd'
import { useState } from 'react'
import type { Returns } from '../../api.ts'
import { limitNames, ServiceLimits } from '../../forms/service-limits.tsx'
import { ServiceMirror } from '../../forms/service-mirror.tsx'
import { TrafficJoin } from '../../forms/traffic-join.tsx'
import { formatAll, formatNumber, textFrom } from '../../i18n/t.ts'
import { traffic } from '../../i18n/traffic.ts'
import { paths } from '../../paths.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { TextLink } from '../../ui/TextLink.tsx'
import { AccessKeys } from '../traffic/AccessKeys.tsx'
import { MemberTable, type TrafficGroup } from '../traffic/MemberTable.tsx'
import type { Service } from './ServiceActions.tsx'

type Traffic = Returns<'GET /v1/services/{service}/traffic'>

export function ServiceTraffic({ service }: { service: Service }) {
  const params = { service: service.serviceId }
  const answer = useApi('GET /v1/services/{service}/traffic', { params }, live)
  if (answer.error && !answer.data) return <ErrorState error={answer.error} onRetry={() => void answer.refetch()} />
  if (!answer.data) return <Skeleton active />
  return (
    <div className="stack">
      <GroupCard service={service} group={answer.data.trafficGroup} />
      <MirrorCard service={service} mirror={answer.data.mirror} />
      <LimitsCard service={service} limits={answer.data.limits} />
      <Card size="small" title={textFrom(traffic, 'traffic.keys')}>
        <AccessKeys of={params} name={service.name} />
      </Card>
    </div>
  )
}

function GroupCard({ service, group }: { service: Service; group: TrafficGroup | null }) {
  const [asking, setAsking] = useState(false)
  const close = () => setAsking(false)
  return (
    <Card
      size="small"
      title={
        group ? (
          <span className="said">
            {textFrom(traffic, 'traffic.group')}{' '}
            <TextLink to={paths.trafficGroup(group.workspaceId, group.trafficGroupId)}>{group.name}</TextLink>
          </span>
        ) : (
          textFrom(traffic, 'traffic.group')
        )
      }
      extra={
        <ActionButton size="small" can="service.write" onClick={() => setAsking(true)}>
          {textFrom(traffic, group ? 'traffic.leave' : 'traffic.join')}
        </ActionButton>
      }
    >
      {group ? <MemberTable group={group} /> : <span className="quiet">{textFrom(traffic, 'traffic.none')}</span>}
      {asking && group === null ? <TrafficJoin service={service} onClose={close} /> : null}
      {asking && group ? <Leave service={service} group={group} onClose={close} /> : null}
    </Card>
  )
}

function Leave({ service, group, onClose }: { service: Service; group: TrafficGroup; onClose: () => void }) {
  const { message } = App.useApp()
  const leave = useAct('DELETE /v1/services/{service}/traffic-group')
  const [others, own] = [group.members.length - 1, group.members.find(one => one.serviceId === service.serviceId)]
  const confirm = async () => {
    await leave.mutateAsync({ params: { service: service.serviceId } })
    void message.success(textFrom(traffic, 'traffic.left'))
  }
  return (
    <ConfirmImpact
      open
      danger
      title={textFrom(traffic, 'traffic.leaveTitle', { name: service.name, group: group.name })}
      action={textFrom(traffic, 'traffic.leave')}
      onConfirm={confirm}
      onClose={onClose}
    >
      <div className="said">
        {textFrom(traffic, others === 0 ? 'traffic.leaveLast' : 'traffic.leaveImpact', {
          ...{ name: service.name, group: group.name },
          share: formatNumber(own?.sharePercent ?? 0, 2),
        })}
      </div>
    </ConfirmImpact>
  )
}

function MirrorCard({ service, mirror }: { service: Service; mirror: Traffic['mirror'] }) {
  const { message } = App.useApp()
  const [editing, setEditing] = useState(false)
  const set = useAct('PUT /v1/services/{service}/mirror')
  const end = async () => {
    await set.mutateAsync({ params: { service: service.serviceId }, body: { percent: 0 } })
    void message.success(textFrom(traffic, 'traffic.mirrorEnded'))
  }
  return (
    <Card
      size="small"
      title={textFrom(traffic, 'traffic.mirror')}
      extra={
        <span className="row-actions">
          <ActionButton size="small" can="service.write" onClick={() => setEditing(true)}>
            {textFrom(traffic, mirror ? 'traffic.mirrorChange' : 'traffic.mirrorSet')}
          </ActionButton>
          {mirror ? (
            <ActionButton size="small" can="service.write" loading={set.isPending} onClick={() => void end()}>
              {textFrom(traffic, 'traffic.mirrorEnd')}
            </ActionButton>
          ) : null}
        </span>
      }
    >
      {mirror ? (
        <span className="said">
          {textFrom(traffic, 'traffic.mirrorOf', {
            percent: mirror.percent,
            targets: formatAll(mirror.targets.map(({ name }) => name)),
          })}
        </span>
      ) : (
        <span className="quiet">{textFrom(traffic, 'traffic.mirrorNone')}</span>
      )}
      {editing ? <ServiceMirror service={service} present={mirror} onClose={() => setEditing(false)} /> : null}
    </Card>
  )
}

function LimitsCard({ service, limits }: { service: Service; limits: Traffic['limits'] }) {
  const [editing, setEditing] = useState(false)
  const text = (name: keyof Traffic['limits']) =>
    limits[name] === 0
      ? textFrom(traffic, 'traffic.unlimited')
      : textFrom(traffic, 'traffic.limitOf', {
          limit: limits[name],
          over: textFrom(traffic, `traffic.limit.${name}.over`),
        })
  return (
    <Card
      size="small"
      title={textFrom(traffic, 'traffic.limits')}
      extra={
        <ActionButton
          size="small"
          can="service.write"
          refusal={service.refusals.update}
          onClick={() => setEditing(true)}
        >
          {textFrom(traffic, 'traffic.mirrorChange')}
        </ActionButton>
      }
    >
      <Facts items={limitNames.map(name => [textFrom(traffic, `traffic.limit.${name}`), text(name)])} />
      {editing ? <ServiceLimits service={service} limits={limits} onClose={() => setEditing(false)} /> : null}
    </Card>
  )
}
