// The machines of a group: searched, filtered, and acted on many at once.
import { Input, Select } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { formatCpu, formatGib, t, tryT } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useAll } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { ChargeTag, StatusTag } from '../../ui/StatusTag.tsx'
import { LinkButton } from '../../ui/TextLink.tsx'
import { MachineActions } from './MachineActions.tsx'

export type Machine = Item<'GET /v1/machines'>

export function GroupMachines({ workspaceId, groupId }: { workspaceId: string; groupId: string }) {
  const [{ q = '', status }, setSearch] = useSearchState<'q' | 'status' | 'page'>()
  const [selected, setSelected] = useState<string[]>([])
  const machines = useAll('GET /v1/machines', { groupId }, live)
  const statuses = [...new Set((machines.data ?? []).map(machine => machine.status))].sort()
  const wanted = q.trim().toLowerCase()
  const chosen = new Set(selected)
  return (
    <>
      <div className="toolbar">
        <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
          <Input.Search
            allowClear
            defaultValue={q}
            onChange={event => setSearch({ q: event.target.value, page: undefined })}
            placeholder={t('machines.search')}
            aria-label={t('machines.search')}
            style={{ width: 240 }}
          />
          <Select
            aria-label={t('common.status')}
            value={status ?? ''}
            onChange={value => setSearch({ status: value, page: undefined })}
            style={{ minWidth: 140 }}
            options={[
              { value: '', label: t('machines.everyStatus') },
              ...statuses.map(value => ({ value, label: tryT(`status.${value}`) ?? value })),
            ]}
          />
        </div>
        <MachineActions
          machines={(machines.data ?? []).filter(machine => chosen.has(machine.machineId))}
          onDone={() => setSelected([])}
        />
      </div>
      <DataTable<Machine>
        label={t('groups.tabMachines')}
        answer={machines}
        rowKey={machine => machine.machineId}
        keep={machine => machine.machineId.includes(wanted) && (status === undefined || machine.status === status)}
        columns={columns(workspaceId)}
        selection={{ keys: selected, onChange: setSelected }}
        empty={
          <EmptyState title={t('machines.empty')} hint={t('machines.emptyHint')}>
            <LinkButton type="primary" to={paths.buy(workspaceId, { groupId })}>
              {t('groups.addMachines')}
            </LinkButton>
          </EmptyState>
        }
      />
    </>
  )
}

const columns = (workspaceId: string) => [
  {
    title: t('machines.id'),
    width: 250,
    render: (_: unknown, { machineId }: Machine) => (
      <IdText id={machineId} to={paths.machine(workspaceId, machineId)} />
    ),
  },
  {
    title: t('common.status'),
    width: 150,
    render: (_: unknown, { status }: Machine) => <StatusTag status={status} />,
  },
  {
    title: t('machines.specAndZone'),
    width: 150,
    render: (_: unknown, { specId, zoneId }: Machine) => (
      <>
        <div>{specId}</div>
        <div className="quiet">{zoneId}</div>
      </>
    ),
  },
  {
    title: t('groups.usedOfTotal'),
    width: 190,
    render: (_: unknown, m: Machine) => (
      <div className="lines numeric">
        <div>{t('groups.cpuOf', { used: formatCpu(m.cpuUsedMilli), total: formatCpu(m.cpuMilli) })}</div>
        <div>{t('groups.memoryOf', { used: formatGib(m.memoryUsedMib), total: formatGib(m.memoryMib) })}</div>
        {m.gpuCount > 0 ? (
          <div>
            {t('groups.gpuOf', { used: m.gpuUsed, total: m.gpuCount })} {m.gpuModel ?? ''}
          </div>
        ) : null}
      </div>
    ),
  },
  {
    title: t('machines.charge'),
    width: 210,
    render: (_: unknown, { chargeType, expiresAt, autoRenew }: Machine) => (
      <div className="lines">
        <ChargeTag chargeType={chargeType} />
        {chargeType === 'prepaid' ? (
          <>
            <div>
              <BillingInstant at={expiresAt} />
            </div>
            <div className="quiet">
              {t('machines.autoRenew')}: {autoRenew ? t('machines.on') : t('machines.off')}
            </div>
          </>
        ) : null}
      </div>
    ),
  },
]
