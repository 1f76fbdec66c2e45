// What becomes of an order that was just placed: pay, then every machine as it comes, then done; or the refund, with where
// the money went.
import { Alert, Result, Space, Steps } from 'antd'
import { useState } from 'react'
import type { Returns } from '../../api.ts'
import { formatFen, formatNumber, t } from '../../i18n/t.ts'
import { usePathParams } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { Money } from '../../ui/Money.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { errorText, refusalText } from '../../ui/refusal.ts'
import { ChargeTag, StatusTag } from '../../ui/StatusTag.tsx'
import { LinkButton } from '../../ui/TextLink.tsx'
import { groupsTrail } from '../../ui/trails.ts'
import { MoneyTrail } from '../money/MoneyTrail.tsx'
import { PurchasedMachines } from './PurchasedMachines.tsx'

type Order = Returns<'GET /v1/orders/{orderId}'>

const moving = new Set(['paid', 'provisioning', 'refunding'])

export function PurchasePage() {
  const { workspaceId, orderId } = usePathParams('workspaceId', 'orderId')
  const order = useApi('GET /v1/orders/{orderId}', { params: { orderId } }, live)
  const trail = groupsTrail(workspaceId)
  if (order.error && !order.data) {
    return (
      <ErrorState
        error={order.error}
        onRetry={() => void order.refetch()}
        page={{ title: t('purchase.title'), trail }}
      />
    )
  }
  if (!order.data) return <PageSkeleton />
  const { kind, phase, quantity } = order.data
  return (
    <>
      <PageHeader
        title={t('purchase.titleOf', { kind: t(`orders.kind.${kind}`) })}
        trail={trail}
        tags={
          <>
            <IdText id={orderId} to={paths.order(orderId)} />
            <StatusTag status={phase} />
          </>
        }
      />
      <Progression order={order.data} />
      <Outcome workspaceId={workspaceId} order={order.data} />
      {phase === 'placed' || phase === 'lapsed' || phase === 'cancelled' ? null : (
        <PurchasedMachines
          workspaceId={workspaceId}
          orderId={orderId}
          groupId={order.data.groupId}
          quantity={quantity}
          moving={moving.has(phase)}
        />
      )}
      {phase === 'refunding' || phase === 'refunded' ? (
        <>
          <h2 style={{ fontSize: 16 }}>{t('orders.transfers')}</h2>
          <MoneyTrail orderId={orderId} />
        </>
      ) : null}
    </>
  )
}

function Progression({ order: { phase } }: { order: Order }) {
  const refund = phase === 'refunding' || phase === 'refunded'
  const ended = phase === 'lapsed' || phase === 'cancelled'
  const current = phase === 'placed' || ended ? 1 : phase === 'paid' || phase === 'provisioning' ? 2 : 4
  return (
    <Steps
      style={{ margin: '0 0 24px' }}
      current={refund ? 3 : current}
      status={ended ? 'error' : phase === 'refunded' ? 'finish' : 'process'}
      items={[
        { title: t('purchase.step.placed') },
        { title: t('purchase.step.paid') },
        { title: t('purchase.step.delivering'), ...(refund ? { status: 'error' } : {}) },
        { title: refund ? t('purchase.step.refund') : t('purchase.step.done') },
      ]}
    />
  )
}

function Outcome({ workspaceId, order }: { workspaceId: string; order: Order }) {
  const currency = useInstallation()?.currency ?? 'CNY'
  const again = (
    <LinkButton to={paths.buy(workspaceId, { chargeType: order.chargeType })}>{t('purchase.buyAgain')}</LinkButton>
  )
  switch (order.phase) {
    case 'placed':
      return <Payment order={order} />
    case 'paid':
    case 'provisioning':
      return <Alert type="info" showIcon title={t('purchase.delivering', { count: order.quantity })} role="status" />
    case 'fulfilled':
      return (
        <Result
          status="success"
          title={t('purchase.doneTitle')}
          subTitle={t('purchase.doneHint', { count: order.quantity })}
          extra={
            order.groupId ? (
              <LinkButton type="primary" to={paths.group(workspaceId, order.groupId)}>
                {t('purchase.openGroup')}
              </LinkButton>
            ) : null
          }
        />
      )
    case 'refunding':
    case 'refunded':
      return (
        <Alert
          type="warning"
          showIcon
          role="alert"
          style={{ marginBottom: 16 }}
          title={t(order.phase === 'refunded' ? 'purchase.refundedTitle' : 'purchase.refundingTitle')}
          description={
            <>
              {order.reason ? <div className="said">{refusalText(order.reason)}</div> : null}
              <div>{t('purchase.refundedAmount', { amount: formatFen(order.refundedFen, currency) })}</div>
            </>
          }
          action={again}
        />
      )
    case 'lapsed':
    case 'cancelled':
      return (
        <Result
          status="info"
          title={t(order.phase === 'lapsed' ? 'purchase.lapsedTitle' : 'purchase.cancelledTitle')}
          extra={again}
        />
      )
  }
}

function Payment({ order }: { order: Order }) {
  const [cancelling, setCancelling] = useState(false)
  const currency = useInstallation()?.currency ?? 'CNY'
  const wallet = useApi('GET /v1/wallet', {}, live)
  const pay = useAct('POST /v1/orders/{orderId}/pay')
  const cancel = useAct('POST /v1/orders/{orderId}/cancel')
  const params = { orderId: order.orderId }
  return (
    <section aria-label={t('purchase.payTitle')} style={{ display: 'grid', gap: 12, justifyItems: 'start' }}>
      <div style={{ justifySelf: 'stretch' }}>
        <Facts
          items={[
            [t('orders.kind'), t(`orders.kind.${order.kind}`)],
            [t('machines.charge'), <ChargeTag key="charge" chargeType={order.chargeType} />],
            [t('machines.spec'), order.specId ?? '—'],
            [t('orders.quantity'), formatNumber(order.quantity)],
          ]}
        />
      </div>
      <div>{t('buy.total')}</div>
      <Money fen={order.totalFen} strong />
      <div>
        {t('purchase.available')}
        {t('common.colon')}
        {wallet.data ? <Money fen={wallet.data.availableFen} /> : '…'}
      </div>
      {pay.error ? (
        <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(pay.error)}</span>} />
      ) : null}
      <Space wrap>
        <ActionButton
          can="order.write"
          type="primary"
          size="large"
          loading={pay.isPending}
          onClick={() => pay.mutate({ params })}
        >
          {t('purchase.pay', { amount: formatFen(order.totalFen, currency) })}
        </ActionButton>
        <ActionButton can="order.write" size="large" onClick={() => setCancelling(true)}>
          {t('purchase.cancel')}
        </ActionButton>
      </Space>
      <div className="quiet">{t('purchase.lapses')}</div>
      <ConfirmImpact
        open={cancelling}
        danger
        title={t('purchase.cancelTitle')}
        action={t('purchase.cancel')}
        cancel={t('common.back')}
        onConfirm={() => cancel.mutateAsync({ params })}
        onClose={() => setCancelling(false)}
      >
        {t('purchase.cancelHint')}
      </ConfirmImpact>
    </section>
  )
}
