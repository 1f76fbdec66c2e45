// The tables of an account's page: movements of the wallet, groups, orders, people.
import { Button } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { formatCpu, formatGib, formatNumber, t, tryT } from '../../i18n/t.ts'
import { live, useAct, useAll, useApi } from '../../queries.ts'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { useRegionNames } from '../../ui/catalog-names.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { Money } from '../../ui/Money.tsx'
import { whatOrdersAre, whatOrdersCost } from '../../ui/order-columns.tsx'
import { rowAction } from '../../ui/row-action.ts'
import { ChargeTag } from '../../ui/StatusTag.tsx'
import { type User, UserTable } from '../../ui/UserTable.tsx'
import { PasswordOnce } from '../account/UserListPage.tsx'

type Order = Item<'GET /v1/accounts/{accountId}/orders'>

const ofAccount = (accountId: string) => ({ ...live, params: { accountId } })

export function AccountMovements({ accountId }: { accountId: string }) {
  const movements = useAll('GET /v1/accounts/{accountId}/wallet/transfers', {}, ofAccount(accountId))
  return (
    <DataTable
      label={t('wallet.transfers')}
      answer={movements}
      rowKey={movement => movement.transferId + movement.signedFen}
      empty={<EmptyState title={t('wallet.noTransfers')} />}
      columns={[
        {
          title: t('events.at'),
          width: widths.instantWithSeconds,
          render: (_, { at }) => <BillingInstant at={at} seconds />,
        },
        { title: t('wallet.kind'), width: widths.status, render: (_, { kind }) => tryT(`transfer.${kind}`) ?? kind },
        { title: t('wallet.into'), width: widths.count, render: (_, { wallet }) => t(`wallet.${wallet}`) },
        { title: t('wallet.amount'), width: widths.money, render: (_, { signedFen }) => <Money fen={signedFen} /> },
        {
          title: t('wallet.order'),
          width: widths.orderId,
          render: (_, { orderId }) => (orderId ? <IdText id={orderId} /> : '—'),
        },
        {
          title: t('wallet.memo'),
          width: widths.text,
          render: (_, { memo }) => <span className="said">{memo || '—'}</span>,
        },
      ]}
    />
  )
}

export function AccountGroups({ accountId }: { accountId: string }) {
  const groups = useAll('GET /v1/accounts/{accountId}/groups', {}, ofAccount(accountId))
  const regionOf = useRegionNames()
  return (
    <DataTable
      label={t('nav.groups')}
      answer={groups}
      rowKey={group => group.groupId}
      empty={<EmptyState title={t('operator.noGroups')} />}
      columns={[
        {
          title: `${t('common.name')} / ${t('groups.id')}`,
          width: widths.id,
          render: (_, { groupId, name }) => (
            <>
              <div className="said">{name}</div>
              <IdText id={groupId} />
            </>
          ),
        },
        { title: t('machines.charge'), width: widths.charge, render: (_, { kind }) => <ChargeTag chargeType={kind} /> },
        { title: t('common.region'), width: widths.count, render: (_, { regionId }) => regionOf(regionId) },
        { title: t('nav.fleet'), width: widths.count, render: (_, { machines }) => formatNumber(machines) },
        {
          title: t('groups.usedOfTotal'),
          width: widths.used,
          render: (_, group) => (
            <div className="lines numeric">
              <div>{t('groups.cpuOf', { used: formatCpu(group.cpuUsedMilli), total: formatCpu(group.cpuMilli) })}</div>
              <div>
                {t('groups.memoryOf', { used: formatGib(group.memoryUsedMib), total: formatGib(group.memoryMib) })}
              </div>
            </div>
          ),
        },
        { title: t('groups.services'), width: widths.count, render: (_, { services }) => formatNumber(services) },
        {
          title: t('groups.nextExpiry'),
          width: widths.instant,
          render: (_, { nextExpiresAt }) => <BillingInstant at={nextExpiresAt} />,
        },
      ]}
    />
  )
}

export function AccountOrders({ accountId }: { accountId: string }) {
  const orders = useAll('GET /v1/accounts/{accountId}/orders', {}, ofAccount(accountId))
  return (
    <DataTable
      label={t('orders.title')}
      answer={orders}
      rowKey={order => order.orderId}
      empty={<EmptyState title={t('orders.empty')} />}
      columns={[
        { title: t('orders.id'), width: widths.orderId, render: (_, { orderId }) => <IdText id={orderId} /> },
        ...whatOrdersAre<Order>(),
        ...whatOrdersCost<Order>(),
      ]}
    />
  )
}

export function AccountUsers({ accountId }: { accountId: string }) {
  const users = useApi('GET /v1/accounts/{accountId}/users', { params: { accountId } }, live)
  const reset = useAct('POST /v1/accounts/{accountId}/users/{userId}/reset-password')
  const [asking, setAsking] = useState<User | null>(null)
  const [made, setMade] = useState<{ name: string; password: string } | null>(null)
  return (
    <>
      <p className="quiet">{t('operator.usersHint')}</p>
      <UserTable
        answer={{ ...users, data: users.data?.items }}
        actions={user => (
          <Button {...rowAction} onClick={() => setAsking(user)}>
            {t('users.resetPassword')}
          </Button>
        )}
      />
      {asking ? (
        <ConfirmImpact
          open
          danger
          title={t('users.resetTitle', { name: asking.name })}
          action={t('users.resetPassword')}
          onConfirm={async () => {
            const { password } = await reset.mutateAsync({ params: { accountId, userId: asking.userId } })
            setMade({ name: asking.name, password })
          }}
          onClose={() => setAsking(null)}
        >
          {t('users.resetImpact')}
        </ConfirmImpact>
      ) : null}
      {made ? <PasswordOnce {...made} onClose={() => setMade(null)} /> : null}
    </>
  )
}
