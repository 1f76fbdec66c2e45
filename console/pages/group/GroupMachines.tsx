// The machines of a group: searched, filtered, and acted on many at once.
import { Input, Select } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { formatCpu, formatGib, t, tryT } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { useAll } from '../../queries.ts'
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
  const machines = useAll('GET /v1/machines', { groupId }, { refetchInterval: 4_000 })
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
  { title: t('machines.spec'), width: 160, render: (_: unknown, { specId }: Machine) => specId },
  { title: t('common.zone'), width: 120, render: (_: unknown, { zoneId }: Machine) => zoneId },
  {
    title: t('groups.cpu'),
    width: 130,
    render: (_: unknown, m: Machine) => used(formatCpu(m.cpuUsedMilli), formatCpu(m.cpuMilli)),
  },
  {
    title: t('groups.memory'),
    width: 150,
    render: (_: unknown, m: Machine) => used(formatGib(m.memoryUsedMib), formatGib(m.memoryMib)),
  },
  {
    title: t('groups.gpu'),
    width: 150,
    render: (_: unknown, m: Machine) => (
      <>
        {used(String(m.gpuUsed), String(m.gpuCount))} {m.gpuModel ?? ''}
      </>
    ),
  },
  {
    title: t('machines.charge'),
    width: 120,
    render: (_: unknown, { chargeType }: Machine) => <ChargeTag chargeType={chargeType} />,
  },
  {
    title: t('machines.expiresAt'),
    width: 190,
    render: (_: unknown, { expiresAt }: Machine) => <BillingInstant at={expiresAt} />,
  },
  {
    title: t('machines.autoRenew'),
    width: 100,
    render: (_: unknown, { chargeType, autoRenew }: Machine) =>
      chargeType === 'prepaid' ? (autoRenew ? t('machines.on') : t('machines.off')) : '—',
  },
]

const used = (part: string, total: string) => <span className="numeric">{t('groups.used', { used: part, total })}</span>
