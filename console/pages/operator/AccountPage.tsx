// An account as the operator sees it: what it has and what moved in its wallet, read only, but for a top-up and for letting
// somebody in again who has lost the password.
import { Button, Tabs } from 'antd'
import { useState } from 'react'
import { AccountTopUp } from '../../forms/account-top-up.tsx'
import { formatNumber, t } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { Money } from '../../ui/Money.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { AccountGroups, AccountMovements, AccountOrders, AccountUsers } from './AccountTables.tsx'
import { MachineTable } from './MachineTable.tsx'

export function AccountPage() {
  const params = usePathParams('accountId')
  const [{ tab = 'wallet' }, setSearch] = useSearchState<'tab'>()
  const [toppingUp, setToppingUp] = useState(false)
  const account = useApi('GET /v1/accounts/{accountId}', { params }, live)
  const wallet = useApi('GET /v1/accounts/{accountId}/wallet', { params }, live)
  const trail = [{ text: t('nav.accounts'), to: paths.operatorAccounts() }]
  if (account.error && !account.data) {
    return (
      <ErrorState
        error={account.error}
        onRetry={() => void account.refetch()}
        page={{ title: params.accountId, trail }}
      />
    )
  }
  if (!account.data) return <PageSkeleton />
  const { accountId, name, createdAt, users, groups, machines } = account.data
  return (
    <>
      <PageHeader
        title={name}
        trail={trail}
        tags={<IdText id={accountId} />}
        actions={
          <Button type="primary" onClick={() => setToppingUp(true)}>
            {t('operator.topUp')}
          </Button>
        }
      />
      <Facts
        items={[
          ...(wallet.data
            ? ([
                [t('wallet.available'), <Money key="available" fen={wallet.data.availableFen} />],
                [t('wallet.cash'), <Money key="cash" fen={wallet.data.cashFen} />],
                [t('wallet.voucher'), <Money key="voucher" fen={wallet.data.voucherFen} />],
                [t('wallet.accrued'), <Money key="accrued" fen={wallet.data.accruedFen} />],
              ] satisfies [string, React.ReactNode][])
            : []),
          [t('nav.groups'), formatNumber(groups)],
          [t('nav.fleet'), formatNumber(machines)],
          [t('account.members'), formatNumber(users)],
          [t('common.createdAt'), <Instant key="at" at={createdAt} />],
        ]}
      />
      <Tabs
        activeKey={tab}
        onChange={key => setSearch({ tab: key === 'wallet' ? undefined : key })}
        destroyOnHidden
        items={[
          { key: 'wallet', label: t('wallet.transfers'), children: <AccountMovements accountId={accountId} /> },
          { key: 'groups', label: t('nav.groups'), children: <AccountGroups accountId={accountId} /> },
          { key: 'machines', label: t('nav.fleet'), children: <MachineTable accountId={accountId} /> },
          { key: 'orders', label: t('nav.orders'), children: <AccountOrders accountId={accountId} /> },
          { key: 'users', label: t('account.members'), children: <AccountUsers accountId={accountId} /> },
        ]}
      />
      {toppingUp ? <AccountTopUp account={account.data} onClose={() => setToppingUp(false)} /> : null}
    </>
  )
}
