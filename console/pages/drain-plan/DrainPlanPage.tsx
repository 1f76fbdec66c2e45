// One drain plan: what it does next or asks, and how far each machine is, with the receipt of its drain.
import { Alert, Progress } from 'antd'
import { type ReactNode, useState } from 'react'
import type { Returns } from '../../api.ts'
import { plans } from '../../i18n/plans.ts'
import { formatNumber, t, textFrom } from '../../i18n/t.ts'
import { usePathParams } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ActorName } from '../../ui/ActorName.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { EventTable } from '../../ui/EventTable.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { GroupLink } from '../../ui/GroupLink.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { TextLink } from '../../ui/TextLink.tsx'
import { drainPlansTrail } from '../../ui/trails.ts'
import { drainedOf, PlanMachinePhase, PlanPhase } from './PlanPhase.tsx'
import { windowsText } from './windows-text.ts'

type Plan = Returns<'GET /v1/drain-plans/{planId}'>
type PlanMachine = Plan['machines'][number]

export function DrainPlanPage() {
  const { workspaceId, planId } = usePathParams('workspaceId', 'planId')
  const answer = useApi('GET /v1/drain-plans/{planId}', { params: { planId } }, live)
  const trail = drainPlansTrail(workspaceId)
  if (answer.error && !answer.data) {
    return <ErrorState error={answer.error} onRetry={() => void answer.refetch()} page={{ title: planId, trail }} />
  }
  if (!answer.data) return <PageSkeleton />
  const plan = answer.data
  return (
    <>
      <PageHeader
        title={plan.planId}
        trail={trail}
        tags={<PlanPhase phase={plan.phase} />}
        actions={<Turns plan={plan} />}
      />
      <div className="stack">
        <Asks workspaceId={workspaceId} plan={plan} />
        <PlanFacts workspaceId={workspaceId} plan={plan} />
        <Machines workspaceId={workspaceId} plan={plan} />
        <h2 className="section">{t('services.tabEvents')}</h2>
        <EventTable subjectKind="drain_plan" subjectId={plan.planId} />
      </div>
    </>
  )
}

function Asks({ workspaceId, plan: { asks } }: { workspaceId: string; plan: Plan }) {
  if (asks.length === 0) return null
  return (
    <Alert
      type="warning"
      showIcon
      role="alert"
      title={textFrom(plans, 'plans.asks')}
      description={
        <>
          <ul className="impact">
            {asks.map(({ code, machineId }) => (
              <li key={machineId}>
                <IdText id={machineId} to={paths.machine(workspaceId, machineId)} />{' '}
                {textFrom(plans, `plans.asks.${code}`)}
              </li>
            ))}
          </ul>
          <div>{textFrom(plans, 'plans.asksHint')}</div>
        </>
      }
    />
  )
}

function PlanFacts({ workspaceId, plan }: { workspaceId: string; plan: Plan }) {
  const { groupId, machines, waitsFor, batchSize, deadlineSeconds, afterwards, reason, actor, by } = plan
  const over = machines.filter(({ phase }) => phase !== 'waiting' && phase !== 'draining').length
  const percent = machines.length === 0 ? 100 : Math.floor((over / machines.length) * 100)
  return (
    <Facts
      items={[
        [t('services.group'), <GroupLink key="group" workspaceId={workspaceId} groupId={groupId} />],
        [
          textFrom(plans, 'plans.progress'),
          <span key="progress">
            {drainedOf(plan)}
            <Progress aria-label={textFrom(plans, 'plans.progress')} size="small" percent={percent} />
          </span>,
        ],
        ...(waitsFor
          ? [
              [
                textFrom(plans, 'plans.next'),
                <span key="next">
                  {textFrom(plans, `plans.waits.${waitsFor.code}`)}{' '}
                  {waitsFor.opensAt === null ? null : <Instant at={waitsFor.opensAt} />}
                </span>,
              ] as [string, ReactNode],
            ]
          : []),
        [textFrom(plans, 'plans.batchSize'), formatNumber(batchSize)],
        [t('drain.deadlineMinutes'), formatNumber(deadlineSeconds / 60)],
        [textFrom(plans, 'plans.afterwards'), textFrom(plans, `plans.afterwards.${afterwards}`)],
        [textFrom(plans, 'plans.windows'), windowsText(plan)],
        [t('events.actor'), <ActorName key="by" by={by} id={actor} />],
        [t('common.reason'), <bdi key="reason">{reason || '—'}</bdi>],
        [t('common.createdAt'), <Instant key="created" at={plan.createdAt} seconds />],
        ...(plan.endedAt === null
          ? []
          : [[t('drain.endedAt'), <Instant key="ended" at={plan.endedAt} seconds />] as [string, ReactNode]]),
      ]}
    />
  )
}

function Machines({ workspaceId, plan }: { workspaceId: string; plan: Plan }) {
  return (
    <DataTable<PlanMachine>
      label={textFrom(plans, 'plans.machines')}
      answer={{ data: plan.machines, error: null, isPending: false, refetch: () => undefined }}
      rowKey={machine => machine.machineId}
      pageParameter="machines"
      empty={null}
      columns={[
        {
          title: textFrom(plans, 'plans.batch'),
          width: widths.count,
          render: (_, { batch }) => textFrom(plans, 'plans.batchOf', { batch, batches: plan.batches }),
        },
        {
          title: t('machines.id'),
          width: widths.id,
          render: (_, { machineId }) => <IdText id={machineId} to={paths.machine(workspaceId, machineId)} />,
        },
        {
          title: t('common.status'),
          width: widths.status,
          render: (_, { phase, note }) => (
            <>
              <PlanMachinePhase phase={phase} />
              {note === null ? null : <div className="said quiet">{note}</div>}
            </>
          ),
        },
        {
          title: t('drain.moved'),
          width: widths.count,
          render: (_, { moved, instances }) => t('drain.movedOf', { moved, total: instances }),
        },
        {
          title: t('drain.served'),
          width: widths.count,
          render: (_, { requestsServed }) => <span className="numeric">{formatNumber(requestsServed)}</span>,
        },
        {
          title: t('drain.failed'),
          width: widths.count,
          render: (_, { requestsFailed }) => <span className="numeric">{formatNumber(requestsFailed)}</span>,
        },
        {
          title: t('drain.endedAt'),
          width: widths.instantWithSeconds,
          render: (_, { endedAt }) => <Instant at={endedAt} seconds />,
        },
        {
          title: t('drain.receipt'),
          width: widths.count,
          render: (_, { machineId, drainId, phase }) =>
            drainId === null ? (
              '—'
            ) : (
              <TextLink to={paths.machine(workspaceId, machineId)}>
                {t(phase === 'draining' ? 'drain.progress' : 'drain.receipt')}
              </TextLink>
            ),
        },
      ]}
    />
  )
}

type Turn = 'pause' | 'resume' | 'cancel'

function Turns({ plan }: { plan: Plan }) {
  const [asking, setAsking] = useState<Turn | null>(null)
  const acts = {
    pause: useAct('POST /v1/drain-plans/{planId}/pause'),
    resume: useAct('POST /v1/drain-plans/{planId}/resume'),
    cancel: useAct('POST /v1/drain-plans/{planId}/cancel'),
  }
  const { phase, asks, machines, planId } = plan
  if (phase === 'done' || phase === 'cancelled') return null
  const turns: Turn[] = [
    ...(phase === 'paused' || asks.some(({ code }) => code === 'DrainEnded') ? (['resume'] as const) : []),
    ...(phase === 'running' ? (['pause'] as const) : []),
    'cancel',
  ]
  const count = (which: PlanMachine['phase']) => machines.filter(machine => machine.phase === which).length
  return (
    <>
      {turns.map(turn => (
        <ActionButton key={turn} can="fleet.operate" danger={turn === 'cancel'} onClick={() => setAsking(turn)}>
          {textFrom(plans, `plans.${turn}`)}
        </ActionButton>
      ))}
      {asking === null ? null : (
        <ConfirmImpact
          open
          danger={asking === 'cancel'}
          title={textFrom(plans, `plans.${asking}Title`)}
          action={textFrom(plans, `plans.${asking}`)}
          {...(asking === 'cancel' ? { cancel: t('common.back') } : {})}
          onConfirm={() => acts[asking].mutateAsync({ params: { planId } })}
          onClose={() => setAsking(null)}
        >
          <div>{textFrom(plans, `plans.${asking}Impact`)}</div>
          {asking === 'cancel' && count('draining') > 0 ? (
            <div>{textFrom(plans, 'plans.cancelDrains', { count: count('draining') })}</div>
          ) : null}
          {asking === 'resume' && count('failed') > 0 ? (
            <div>{textFrom(plans, 'plans.resumeWithout', { count: count('failed') })}</div>
          ) : null}
        </ConfirmImpact>
      )}
    </>
  )
}
