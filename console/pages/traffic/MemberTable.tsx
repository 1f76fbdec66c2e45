import { Progress } from 'antd'
import { useState } from 'react'
import type { Returns } from '../../api.ts'
import { formatNumber, t, textFrom } from '../../i18n/t.ts'
import { traffic } from '../../i18n/traffic.ts'
import { paths } from '../../paths.ts'
import { useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { rowAction } from '../../ui/row-action.ts'
import { TextLink } from '../../ui/TextLink.tsx'
import { SplitImpact } from './SplitImpact.tsx'

export type TrafficGroup = Returns<'GET /v1/traffic-groups/{trafficGroup}'>
type Member = TrafficGroup['members'][number]

/** Who is in a group, with what each gets of its requests. */
export function MemberTable({ group }: { group: TrafficGroup }) {
  const [chosen, setChosen] = useState<Member | null>(null)
  const others = group.members.length > 1
  return (
    <>
      <DataTable<Member>
        label={textFrom(traffic, 'traffic.tabMembers')}
        answer={{ data: group.members, error: null, isPending: false, refetch: () => undefined }}
        rowKey={member => member.serviceId}
        empty={null}
        columns={[
          {
            title: textFrom(traffic, 'traffic.member'),
            width: widths.text,
            render: (_, { serviceId, name }) => (
              <TextLink className="said" to={paths.service(group.workspaceId, serviceId)}>
                {name}
              </TextLink>
            ),
          },
          {
            title: textFrom(traffic, 'traffic.weight'),
            width: widths.count,
            render: (_, { weight }) => <span className="numeric">{formatNumber(weight)}</span>,
          },
          {
            title: textFrom(traffic, 'traffic.share'),
            width: widths.text,
            render: (_, { name, sharePercent }) => (
              <Progress
                size="small"
                status="normal"
                aria-label={name}
                percent={sharePercent}
                format={() => textFrom(traffic, 'traffic.percent', { share: formatNumber(sharePercent, 2) })}
              />
            ),
          },
          {
            title: textFrom(traffic, 'traffic.running'),
            width: widths.count,
            render: (_, { running }) => <span className="numeric">{formatNumber(running)}</span>,
          },
          {
            title: textFrom(traffic, 'traffic.memberEndpoint'),
            render: (_, { endpoint }) => (
              <span className="said">
                {endpoint}
                <CopyButton text={endpoint} />
              </span>
            ),
          },
          {
            title: t('common.actions'),
            width: widths.status,
            render: (_, member) =>
              others && member.sharePercent < 100 ? (
                <ActionButton can="service.write" {...rowAction} onClick={() => setChosen(member)}>
                  {textFrom(traffic, 'traffic.switch')}
                </ActionButton>
              ) : null,
          },
        ]}
      />
      {chosen === null ? null : <SwitchTo group={group} member={chosen} onClose={() => setChosen(null)} />}
    </>
  )
}

function SwitchTo({ group, member, onClose }: { group: TrafficGroup; member: Member; onClose: () => void }) {
  const input = { params: { trafficGroup: group.trafficGroupId }, body: { switchTo: member.serviceId } }
  const preview = useApi('POST /v1/traffic-groups/{trafficGroup}/split/preview', input)
  const change = useAct('PUT /v1/traffic-groups/{trafficGroup}/split')
  return (
    <ConfirmImpact
      open
      title={textFrom(traffic, 'traffic.switchTitle', { group: group.name, name: member.name })}
      action={textFrom(traffic, 'traffic.switch')}
      ready={preview.data !== undefined && !preview.data.unserved}
      onConfirm={() => change.mutateAsync(input)}
      onClose={onClose}
    >
      <div>{textFrom(traffic, 'traffic.switchImpact')}</div>
      <SplitImpact preview={preview} />
    </ConfirmImpact>
  )
}
