import { Button } from 'antd'
import { useState } from 'react'
import type { Item, Returns } from '../../api.ts'
import { AccountCreate } from '../../forms/account-create.tsx'
import { AccountTopUp } from '../../forms/account-top-up.tsx'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { rowAction } from '../../ui/row-action.ts'
import { ShownOnce } from '../../ui/ShownOnce.tsx'
import { LinkButton, TextLink } from '../../ui/TextLink.tsx'

type Account = Item<'GET /v1/accounts'>
type Made = Returns<'POST /v1/accounts'> & { ownerName: string }

export function AccountListPage() {
  const [creating, setCreating] = useState(false)
  const [made, setMade] = useState<Made | null>(null)
  const [toppedUp, setToppedUp] = useState<Account | null>(null)
  const accounts = useApi('GET /v1/accounts', {}, live)
  const create = (
    <Button type="primary" onClick={() => setCreating(true)}>
      {t('operator.createAccount')}
    </Button>
  )
  return (
    <>
      <PageHeader title={t('nav.accounts')} actions={create} />
      <DataTable<Account>
        label={t('nav.accounts')}
        answer={{ ...accounts, data: accounts.data?.items }}
        rowKey={account => account.accountId}
        empty={<EmptyState title={t('operator.noAccounts')}>{create}</EmptyState>}
        columns={[
          {
            title: t('common.name'),
            render: (_, { accountId, name }) => (
              <TextLink to={paths.operatorAccount(accountId)} className="said">
                {name}
              </TextLink>
            ),
          },
          { title: t('operator.accountId'), render: (_, { accountId }) => <IdText id={accountId} /> },
          { title: t('common.createdAt'), render: (_, { createdAt }) => <Instant at={createdAt} /> },
          {
            title: t('common.actions'),
            render: (_, account) => (
              <span className="row-actions">
                <LinkButton {...rowAction} to={paths.operatorAccount(account.accountId)}>
                  {t('operator.look')}
                </LinkButton>
                <Button {...rowAction} onClick={() => setToppedUp(account)}>
                  {t('operator.topUp')}
                </Button>
              </span>
            ),
          },
        ]}
      />
      {toppedUp ? <AccountTopUp account={toppedUp} onClose={() => setToppedUp(null)} /> : null}
      {creating ? (
        <AccountCreate
          onMade={(account, ownerName) => {
            setMade({ ...account, ownerName })
            setCreating(false)
          }}
          onClose={() => setCreating(false)}
        />
      ) : null}
      {made ? <AccountMade made={made} onClose={() => setMade(null)} /> : null}
    </>
  )
}

function AccountMade({ made, onClose }: { made: Made; onClose: () => void }) {
  return (
    <ShownOnce
      title={t('operator.accountMade', { name: made.account.name })}
      facts={[
        [t('signIn.account'), made.account.name],
        [t('signIn.user'), made.ownerName],
        [t('signIn.password'), made.password ?? ''],
        [t('keys.id'), made.key.accessKeyId],
        [t('keys.secret'), made.key.secret],
      ]}
      fileName={`${made.account.name}.txt`}
      onClose={onClose}
    />
  )
}
