// Who works in a workspace. Owners and finance see every workspace and are not listed.
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { MemberSet } from '../../forms/member-set.tsx'
import { t } from '../../i18n/t.ts'
import { usePathParams } from '../../location.ts'
import { paths } from '../../paths.ts'
import { useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { useMay } from '../../ui/may.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { rowAction } from '../../ui/row-action.ts'

type Member = Item<'GET /v1/workspaces/{workspaceId}/members'>

export function WorkspaceMembersPage() {
  const { workspaceId } = usePathParams('workspaceId')
  const [setting, setSetting] = useState<{ member: Member | null } | null>(null)
  const [removing, setRemoving] = useState<Member | null>(null)
  const refusal = useMay('user.write')
  const workspaces = useApi('GET /v1/workspaces', {})
  const members = useApi('GET /v1/workspaces/{workspaceId}/members', { params: { workspaceId } })
  const name = workspaces.data?.items.find(one => one.workspaceId === workspaceId)?.name ?? workspaceId
  const add = (
    <ActionButton type="primary" refusal={refusal} onClick={() => setSetting({ member: null })}>
      {t('workspace.addMember')}
    </ActionButton>
  )
  return (
    <>
      <PageHeader
        title={t('workspace.membersOf', { name })}
        trail={[{ text: t('workspace.title'), to: paths.workspaces() }]}
        actions={add}
      />
      <DataTable<Member>
        label={t('workspace.members')}
        answer={{ ...members, data: members.data?.items }}
        rowKey={member => member.userId}
        empty={
          <EmptyState title={t('workspace.noMembers')} hint={t('workspace.noMembersHint')}>
            {add}
          </EmptyState>
        }
        columns={[
          { title: t('keys.user'), render: (_, { userName }) => <span className="said">{userName}</span> },
          { title: t('workspace.memberRole'), render: (_, { role }) => t(`role.${role}`) },
          { title: t('workspace.addedAt'), render: (_, { addedAt }) => <Instant at={addedAt} /> },
          {
            title: t('common.actions'),
            render: (_, member) => (
              <span className="row-actions">
                <ActionButton {...rowAction} refusal={refusal} onClick={() => setSetting({ member })}>
                  {t('workspace.changeMember')}
                </ActionButton>
                <ActionButton {...rowAction} danger refusal={refusal} onClick={() => setRemoving(member)}>
                  {t('workspace.removeMember')}
                </ActionButton>
              </span>
            ),
          },
        ]}
      />
      {setting ? (
        <MemberSet
          workspaceId={workspaceId}
          member={setting.member}
          members={members.data?.items ?? []}
          onClose={() => setSetting(null)}
        />
      ) : null}
      {removing ? <RemoveMember workspaceId={workspaceId} member={removing} onClose={() => setRemoving(null)} /> : null}
    </>
  )
}

function RemoveMember(props: { workspaceId: string; member: Member; onClose: () => void }) {
  const { workspaceId, member, onClose } = props
  const remove = useAct('DELETE /v1/workspaces/{workspaceId}/members/{userId}')
  return (
    <ConfirmImpact
      open
      danger
      title={t('workspace.removeTitle', { name: member.userName })}
      action={t('workspace.removeMember')}
      onConfirm={() => remove.mutateAsync({ params: { workspaceId, userId: member.userId } })}
      onClose={onClose}
    >
      {t('workspace.removeImpact')}
    </ConfirmImpact>
  )
}
