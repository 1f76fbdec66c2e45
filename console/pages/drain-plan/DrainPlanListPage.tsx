// The drain plans of the account, newest first.
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { plans } from '../../i18n/plans.ts'
import { t, textFrom } from '../../i18n/t.ts'
import { usePathParams } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ActorName } from '../../ui/ActorName.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { GroupLink } from '../../ui/GroupLink.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { lazyDialog } from '../../ui/lazy-dialog.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { ServingTabs } from '../../ui/ServingTabs.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'
import { drainedOf, PlanPhase } from './PlanPhase.tsx'

const DrainPlanCreate = lazyDialog(async () => (await import('../../forms/drain-plan-create.tsx')).DrainPlanCreate)

type Plan = Item<'GET /v1/drain-plans'>

export function DrainPlanListPage() {
  const { workspaceId } = usePathParams('workspaceId')
  const [creating, setCreating] = useState(false)
  const answer = useApi('GET /v1/drain-plans', {}, live)
  const create = (
    <ActionButton type="primary" can="fleet.operate" onClick={() => setCreating(true)}>
      {textFrom(plans, 'plans.create')}
    </ActionButton>
  )
  return (
    <>
      <PageHeader title={t('nav.serving')} />
      <ServingTabs workspaceId={workspaceId} active="drainPlans" />
      <div className="toolbar">
        <span className="quiet">{textFrom(plans, 'plans.hint')}</span>
        {create}
      </div>
      <DataTable<Plan>
        label={t('nav.drainPlans')}
        answer={{ ...answer, data: answer.data?.items }}
        rowKey={plan => plan.planId}
        empty={
          <EmptyState title={textFrom(plans, 'plans.empty')} hint={textFrom(plans, 'plans.hint')}>
            {create}
          </EmptyState>
        }
        columns={columns(workspaceId)}
      />
      {creating ? <DrainPlanCreate workspaceId={workspaceId} onClose={() => setCreating(false)} /> : null}
    </>
  )
}

const columns = (workspaceId: string) => [
  {
    title: textFrom(plans, 'plans.id'),
    width: widths.id,
    render: (_: unknown, { planId }: Plan) => (
      <TextLink to={paths.drainPlan(workspaceId, planId)} className="id-text">
        {planId}
      </TextLink>
    ),
  },
  {
    title: t('services.group'),
    width: widths.text,
    render: (_: unknown, { groupId }: Plan) => <GroupLink workspaceId={workspaceId} groupId={groupId} />,
  },
  {
    title: t('common.status'),
    width: widths.status,
    render: (_: unknown, { phase, asks }: Plan) => (
      <>
        <PlanPhase phase={phase} />{' '}
        {asks.length > 0 ? <Tag tone="error">{textFrom(plans, 'plans.asksShort')}</Tag> : null}
      </>
    ),
  },
  {
    title: textFrom(plans, 'plans.progress'),
    width: widths.charge,
    render: (_: unknown, plan: Plan) => <span className="numeric">{drainedOf(plan)}</span>,
  },
  {
    title: t('common.reason'),
    width: widths.text,
    render: (_: unknown, { reason }: Plan) => <span className="said">{reason || '—'}</span>,
  },
  {
    title: t('events.actor'),
    width: widths.status,
    render: (_: unknown, { by, actor }: Plan) => <ActorName by={by} id={actor} />,
  },
  {
    title: t('common.createdAt'),
    width: widths.instant,
    render: (_: unknown, { createdAt }: Plan) => <Instant at={createdAt} />,
  },
]
