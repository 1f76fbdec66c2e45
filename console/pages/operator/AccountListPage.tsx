import { Button } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { AccountTopUp } from '../../forms/account-top-up.tsx'
import { t } from '../../i18n/t.ts'
import { live, useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'

type Account = Item<'GET /v1/accounts'>

export function AccountListPage() {
  const [toppedUp, setToppedUp] = useState<Account | null>(null)
  const accounts = useApi('GET /v1/accounts', {}, live)
  return (
    <>
      <PageHeader title={t('nav.accounts')} />
      <DataTable<Account>
        label={t('nav.accounts')}
        answer={{ ...accounts, data: accounts.data?.items }}
        rowKey={account => account.accountId}
        empty={<EmptyState title={t('operator.noAccounts')} />}
        columns={[
          { title: t('common.name'), render: (_, { name }) => <span className="said">{name}</span> },
          { title: t('operator.accountId'), render: (_, { accountId }) => <IdText id={accountId} /> },
          { title: t('common.createdAt'), render: (_, { createdAt }) => <Instant at={createdAt} /> },
          {
            title: t('common.actions'),
            render: (_, account) => (
              <Button size="small" onClick={() => setToppedUp(account)}>
                {t('operator.topUp')}
              </Button>
            ),
          },
        ]}
      />
      {toppedUp ? <AccountTopUp account={toppedUp} onClose={() => setToppedUp(null)} /> : null}
    </>
  )
}
