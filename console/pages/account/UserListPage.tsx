// The people of the account: who they are, what they may, and whether they can come in.
import { Button } from 'antd'
import { useState } from 'react'
import { UserAdd } from '../../forms/user-add.tsx'
import { UserChange } from '../../forms/user-change.tsx'
import { t } from '../../i18n/t.ts'
import { useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { rowAction } from '../../ui/row-action.ts'
import { ShownOnce } from '../../ui/ShownOnce.tsx'
import { type User, UserTable } from '../../ui/UserTable.tsx'

type Asking = { form: 'add' } | { form: 'change' | 'resetPassword' | 'disable' | 'enable'; user: User }
/** A password that was just made. */
interface Made {
  name: string
  password: string
}

export function UserListPage() {
  const [asking, setAsking] = useState<Asking | null>(null)
  const [made, setMade] = useState<Made | null>(null)
  const users = useApi('GET /v1/users', {})
  const actions = (
    <Button type="primary" disabled={!users.data} onClick={() => setAsking({ form: 'add' })}>
      {t('users.add')}
    </Button>
  )
  return (
    <>
      <PageHeader title={t('account.members')} actions={actions} />
      <UserTable
        answer={{ ...users, data: users.data?.items }}
        actions={user => (
          <span className="row-actions">
            <Button {...rowAction} onClick={() => setAsking({ form: 'change', user })}>
              {t('users.change')}
            </Button>
            <Button {...rowAction} onClick={() => setAsking({ form: 'resetPassword', user })}>
              {t('users.resetPassword')}
            </Button>
            {user.disabledAt === null ? (
              <ActionButton
                {...rowAction}
                danger
                refusal={user.refusals.disable}
                onClick={() => setAsking({ form: 'disable', user })}
              >
                {t('users.disable')}
              </ActionButton>
            ) : (
              <Button {...rowAction} onClick={() => setAsking({ form: 'enable', user })}>
                {t('users.enable')}
              </Button>
            )}
          </span>
        )}
      />
      <UserDialogs asking={asking} onChange={setAsking} onMade={setMade} />
      {made ? <PasswordOnce {...made} onClose={() => setMade(null)} /> : null}
    </>
  )
}

interface DialogProps {
  asking: Asking | null
  onChange: (next: Asking | null) => void
  onMade: (made: Made) => void
}

function UserDialogs({ asking, onChange, onMade }: DialogProps) {
  const reset = useAct('POST /v1/users/{userId}/reset-password')
  const disable = useAct('POST /v1/users/{userId}/disable')
  const enable = useAct('POST /v1/users/{userId}/enable')
  const close = () => onChange(null)
  if (asking === null) return null
  if (asking.form === 'add') {
    const shown = (made: Made) => {
      onMade(made)
      close()
    }
    return <UserAdd onMade={shown} onClose={close} />
  }
  const { user } = asking
  if (asking.form === 'change') return <UserChange user={user} onClose={close} />
  const params = { userId: user.userId }
  if (asking.form === 'resetPassword') {
    return (
      <ConfirmImpact
        open
        danger
        title={t('users.resetTitle', { name: user.name })}
        action={t('users.resetPassword')}
        onConfirm={async () => onMade({ name: user.name, password: (await reset.mutateAsync({ params })).password })}
        onClose={close}
      >
        {t('users.resetImpact')}
      </ConfirmImpact>
    )
  }
  const act = asking.form === 'disable' ? disable : enable
  return (
    <ConfirmImpact
      open
      danger={asking.form === 'disable'}
      title={t(asking.form === 'disable' ? 'users.disableTitle' : 'users.enableTitle', { name: user.name })}
      action={t(`users.${asking.form}`)}
      onConfirm={() => act.mutateAsync({ params })}
      onClose={close}
    >
      {t(asking.form === 'disable' ? 'users.disableImpact' : 'users.enableImpact')}
    </ConfirmImpact>
  )
}

export function PasswordOnce({ name, password, onClose }: { name: string; password: string; onClose: () => void }) {
  return (
    <ShownOnce
      title={t('users.passwordOf', { name })}
      facts={[
        [t('signIn.user'), name],
        [t('signIn.password'), password],
      ]}
      fileName={`${name}.txt`}
      onClose={onClose}
    />
  )
}
