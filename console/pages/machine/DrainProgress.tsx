// The latest drain of a machine: what moves where, what it waits for, and in the end its receipt.
import { Alert, Card, Space } from 'antd'
import { type ReactNode, useState } from 'react'
import type { Returns } from '../../api.ts'
import { DrainDeadline } from '../../forms/drain-deadline.tsx'
import { formatNumber, t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ActorName } from '../../ui/ActorName.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { StatusTag } from '../../ui/StatusTag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'
import type { Machine } from '../group/GroupMachines.tsx'
import { actionText, ConfirmChange } from './ConfirmChange.tsx'
import { DrainClock, Elapsed } from './DrainClock.tsx'
import { OtherInstances } from './MachineInstances.tsx'
import { waitText } from './waits-for.ts'

type Drain = Returns<'GET /v1/machines/{machineId}/drain'>
type Move = Drain['moves'][number]

interface Props {
  workspaceId: string
  machine: Machine
}

export function DrainProgress({ workspaceId, machine }: Props) {
  const { machineId } = machine
  const underWay = machine.drain?.phase === 'draining'
  const drain = useApi(
    'GET /v1/machines/{machineId}/drain',
    { params: { machineId } },
    { refetchInterval: underWay ? 1_500 : false },
  )
  // Never drained: nothing to tell.
  if (!drain.data || drain.data.machineId !== machineId) return null
  const { phase, reason, actor, by, force, override, startedAt, deadlineAt, endedAt, receipt, moves, otherMoves } =
    drain.data
  return (
    <Card
      size="small"
      role="region"
      aria-label={t(endedAt ? 'drain.receipt' : 'drain.progress')}
      title={
        <>
          {t(endedAt ? 'drain.receipt' : 'drain.progress')} <StatusTag status={phase} />
        </>
      }
      style={{ margin: '12px 0' }}
    >
      {endedAt === null && (phase === 'blocked' || phase === 'overdue') ? (
        <Decide phase={phase} moves={moves} machine={machine} />
      ) : null}
      <Facts
        items={[
          [t('drain.moved'), t('drain.movedOf', { moved: receipt.moved, total: receipt.instances })],
          [t('drain.served'), formatNumber(receipt.requestsServed)],
          [t('drain.failed'), formatNumber(receipt.requestsFailed)],
          [t('drain.inFlight'), formatNumber(receipt.inFlightAtStart)],
          [t('drain.longest'), longestText(receipt)],
          [t('drain.streamsWaitedFor'), formatNumber(receipt.streamsWaitedFor)],
          [t('drain.streamsCut'), formatNumber(receipt.streamsCut)],
          [t('drain.startedAt'), <Instant key="started" at={startedAt} seconds />],
          endedAt
            ? [t('drain.endedAt'), <Instant key="ended" at={endedAt} seconds />]
            : [t('drain.deadlineAt'), <Deadline key="deadline" at={deadlineAt} />],
          ...(force ? [[t('drain.forced'), t('machines.on')] as [string, string]] : []),
          ...(override ? [overridden(override)] : []),
          [t('events.actor'), <ActorName key="by" by={by} id={actor} />],
          [t('common.reason'), <bdi key="reason">{reason || '—'}</bdi>],
        ]}
      />
      {moves.length > 0 ? <Moves workspaceId={workspaceId} moves={moves} ended={endedAt !== null} /> : null}
      <OtherInstances count={otherMoves.instances} />
    </Card>
  )
}

const overridden = ({ actor, by, reason, at }: NonNullable<Drain['override']>): [string, ReactNode] => [
  t('drain.overridden'),
  <span key="override" className="said">
    <ActorName by={by} id={actor} /> · {reason} · <Instant at={at} />
  </span>,
]

/** Where nothing was served there was no request. */
const longestText = ({ requestsServed, longestMs }: Drain['receipt']): string =>
  requestsServed === 0 && longestMs === 0 ? '—' : t('drain.milliseconds', { count: longestMs })

const Deadline = ({ at }: { at: string }) => (
  <>
    <Instant at={at} seconds />
    <div>
      <DrainClock deadlineAt={at} />
    </div>
  </>
)

interface DecideProps {
  phase: 'blocked' | 'overdue'
  moves: readonly Move[]
  machine: Machine
}

/** Nothing is stopped by itself: what it waits for, whose it is and for how long, and what a person can do. */
function Decide({ phase, moves, machine }: DecideProps) {
  const [asking, setAsking] = useState<'deadline' | 'overrideDrain' | 'cancelDrain' | 'forceDrain' | null>(null)
  const waiting = moves.filter(move => move.movedAt === null && move.waitsFor !== null)
  return (
    <Alert
      type="warning"
      showIcon
      title={t(phase === 'blocked' ? 'drain.blocked' : 'drain.overdue')}
      description={
        <>
          <ul className="impact">
            {waiting.slice(0, shownAtMost).map(move => (
              <li key={move.serviceInstanceId} className="said">
                {move.serviceName}
                {t('common.colon')}
                {waitText(move.waitsFor)} ·{' '}
                <Elapsed since={move.waitsSince ?? move.startedAt} owner={move.ownerName.name} />
              </li>
            ))}
          </ul>
          <p>{t(phase === 'blocked' ? 'drain.decideBlocked' : 'drain.decide')}</p>
          <Space wrap>
            <ActionButton
              can="fleet.operate"
              size="small"
              refusal={machine.refusals.extendDrain}
              onClick={() => setAsking('deadline')}
            >
              {t('drain.setDeadline')}
            </ActionButton>
            {(['overrideDrain', 'cancelDrain', 'forceDrain'] as const).map(action => (
              <ActionButton
                can="fleet.operate"
                key={action}
                size="small"
                danger={action === 'forceDrain'}
                refusal={machine.refusals[action]}
                onClick={() => setAsking(action)}
              >
                {actionText(action)}
              </ActionButton>
            ))}
          </Space>
          {asking === 'deadline' ? (
            <DrainDeadline machineId={machine.machineId} onClose={() => setAsking(null)} />
          ) : null}
          {asking === null || asking === 'deadline' ? null : (
            <ConfirmChange action={asking} machineIds={[machine.machineId]} onClose={() => setAsking(null)} />
          )}
        </>
      }
    />
  )
}

const shownAtMost = 5

interface MovesProps {
  workspaceId: string
  moves: Move[]
  ended: boolean
}

function Moves({ workspaceId, moves, ended }: MovesProps) {
  return (
    <DataTable<Move>
      label={t('drain.movesTitle')}
      answer={{ data: moves, error: null, isPending: false, refetch: () => undefined }}
      rowKey={move => move.serviceInstanceId}
      pageParameter="moves"
      empty={<EmptyState title={t('machines.noInstances')} />}
      columns={[
        {
          title: `${t('services.name')} / ${t('services.instanceId')}`,
          width: widths.serviceInstanceId,
          render: (_, { serviceName, serviceInstanceId }) => (
            <>
              <div>
                <TextLink to={paths.service(workspaceId, serviceName)} className="said">
                  {serviceName}
                </TextLink>
              </div>
              <IdText id={serviceInstanceId} />
            </>
          ),
        },
        {
          title: t(ended ? 'drain.movedTo' : 'drain.to'),
          width: widths.id,
          render: (_, { toMachineId: to }) => (to ? <IdText id={to} to={paths.machine(workspaceId, to)} /> : '—'),
        },
        {
          title: t('drain.where'),
          width: widths.text,
          render: (_, { movedAt, waitsFor, waitsSince, startedAt, ownerName }) =>
            movedAt ? (
              <>
                {t('drain.moved')} <Instant at={movedAt} seconds />
              </>
            ) : (
              <>
                <div className="said">{waitText(waitsFor)}</div>
                <div className="said quiet">
                  <Elapsed since={waitsSince ?? startedAt} owner={ownerName.name} />
                </div>
              </>
            ),
        },
        { title: t('drain.served'), width: widths.count, render: (_, { served }) => formatNumber(served) },
        { title: t('drain.failed'), width: widths.count, render: (_, { failed }) => formatNumber(failed) },
      ]}
    />
  )
}
