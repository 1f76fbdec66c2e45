// The latest drain of a machine: what moves where, what it waits for, and in the end its receipt.
import { Alert, Card } from 'antd'
import type { Returns } from '../../api.ts'
import { formatNumber, t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { useApi } from '../../queries.ts'
import { ActorName } from '../../ui/ActorName.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { StatusTag } from '../../ui/StatusTag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'
import { OtherInstances } from './MachineInstances.tsx'

type Drain = Returns<'GET /v1/machines/{machineId}/drain'>
type Move = Drain['moves'][number]

interface Props {
  workspaceId: string
  machineId: string
  /** Whether one goes on. */
  underWay: boolean
}

export function DrainProgress({ workspaceId, machineId, underWay }: Props) {
  const drain = useApi(
    'GET /v1/machines/{machineId}/drain',
    { params: { machineId } },
    { refetchInterval: underWay ? 1_500 : false },
  )
  // Never drained: nothing to tell.
  if (!drain.data || drain.data.machineId !== machineId) return null
  const { phase, reason, actor, by, startedAt, deadlineAt, endedAt, receipt, moves, otherMoves } = drain.data
  const waiting = moves.find(move => move.waitsFor !== null)?.waitsFor
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
        <Alert
          type="warning"
          showIcon
          title={t(phase === 'blocked' ? 'drain.blocked' : 'drain.overdue')}
          description={waiting ? <span className="said">{waiting.message}</span> : undefined}
        />
      ) : null}
      <Facts
        items={[
          [t('drain.moved'), t('drain.movedOf', { moved: receipt.moved, total: receipt.instances })],
          [t('drain.served'), formatNumber(receipt.requestsServed)],
          [t('drain.failed'), formatNumber(receipt.requestsFailed)],
          [t('drain.inFlight'), formatNumber(receipt.inFlightAtStart)],
          [t('drain.longest'), t('drain.milliseconds', { count: receipt.longestMs })],
          [t('drain.startedAt'), <Instant key="started" at={startedAt} seconds />],
          endedAt
            ? [t('drain.endedAt'), <Instant key="ended" at={endedAt} seconds />]
            : [t('drain.deadlineAt'), <Instant key="deadline" at={deadlineAt} seconds />],
          [t('events.actor'), <ActorName key="by" by={by} id={actor} />],
          [t('common.reason'), reason || '—'],
        ]}
      />
      {moves.length > 0 ? <Moves workspaceId={workspaceId} moves={moves} /> : null}
      <OtherInstances count={otherMoves.instances} />
    </Card>
  )
}

function Moves({ workspaceId, moves }: { workspaceId: string; moves: Move[] }) {
  return (
    <DataTable<Move>
      label={t('drain.movesTitle')}
      answer={{ data: moves, error: null, isPending: false, refetch: () => undefined }}
      rowKey={move => move.serviceInstanceId}
      pageParameter="moves"
      empty={<EmptyState title={t('machines.noInstances')} />}
      columns={[
        {
          title: t('services.name'),
          width: 160,
          render: (_, { serviceName }) => (
            <TextLink to={paths.service(workspaceId, serviceName)} className="said">
              {serviceName}
            </TextLink>
          ),
        },
        { title: t('services.instanceId'), width: 240, render: (_, move) => <IdText id={move.serviceInstanceId} /> },
        {
          title: t('drain.to'),
          width: 240,
          render: (_, { toMachineId: to }) => (to ? <IdText id={to} to={paths.machine(workspaceId, to)} /> : '—'),
        },
        {
          title: t('drain.where'),
          width: 220,
          render: (_, { movedAt, waitsFor }) =>
            movedAt ? (
              <Instant at={movedAt} seconds />
            ) : (
              <span className="said">{waitsFor?.message ?? t('drain.moving')}</span>
            ),
        },
        { title: t('drain.served'), width: 90, render: (_, { served }) => formatNumber(served) },
        { title: t('drain.failed'), width: 90, render: (_, { failed }) => formatNumber(failed) },
      ]}
    />
  )
}
