// The machines of a group: searched, filtered, and acted on many at once.
import { useCallback, useMemo, useState } from 'react'
import type { Item } from '../../api.ts'
import { formatCpu, formatGib, t, tryT } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useAll } from '../../queries.ts'
import { useZoneNames } from '../../ui/catalog-names.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { ListFilters } from '../../ui/ListFilters.tsx'
import { ChargeTag, StatusTag } from '../../ui/StatusTag.tsx'
import { LinkButton } from '../../ui/TextLink.tsx'
import { MachineActions } from './MachineActions.tsx'

export type Machine = Item<'GET /v1/machines'>

const none: Machine[] = []

export function GroupMachines({ workspaceId, groupId }: { workspaceId: string; groupId: string }) {
  const [{ q = '', status }] = useSearchState<'q' | 'status'>()
  const [selected, setSelected] = useState<string[]>([])
  const machines = useAll('GET /v1/machines', { groupId }, live)
  const all = machines.data ?? none
  const statuses = useMemo(() => [...new Set(all.map(machine => machine.status))].sort(), [all])
  const chosen = useMemo(() => {
    const ids = new Set(selected)
    return ids.size === 0 ? none : all.filter(machine => ids.has(machine.machineId))
  }, [all, selected])
  const keep = useCallback(
    (machine: Machine) =>
      machine.machineId.includes(q.trim().toLowerCase()) && (status === undefined || machine.status === status),
    [q, status],
  )
  const zoneNameOf = useZoneNames()
  const columns = useMemo(() => columnsOf(workspaceId, zoneNameOf), [workspaceId, zoneNameOf])
  return (
    <>
      <ListFilters
        search={t('machines.search')}
        choice={{
          name: 'status',
          label: t('common.status'),
          every: t('machines.everyStatus'),
          options: statuses.map(value => ({ value, label: tryT(`status.${value}`) ?? value })),
        }}
      >
        <MachineActions machines={chosen} onDone={() => setSelected([])} />
      </ListFilters>
      <DataTable<Machine>
        label={t('groups.tabMachines')}
        answer={machines}
        rowKey={machineKey}
        keep={keep}
        columns={columns}
        rowHeight={61}
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

const machineKey = (machine: Machine): string => machine.machineId
const byText = (pick: (machine: Machine) => string) => (a: Machine, b: Machine) =>
  pick(a) < pick(b) ? -1 : pick(a) > pick(b) ? 1 : 0

const columnsOf = (workspaceId: string, zoneNameOf: (zoneId: string) => string) => [
  {
    key: 'id',
    title: t('machines.id'),
    width: widths.id,
    sorter: byText(machine => machine.machineId),
    render: (_: unknown, { machineId }: Machine) => (
      <IdText id={machineId} to={paths.machine(workspaceId, machineId)} />
    ),
  },
  {
    key: 'status',
    title: t('common.status'),
    width: widths.machineStatus,
    sorter: byText(machine => machine.status),
    render: (_: unknown, { status }: Machine) => <StatusTag status={status} />,
  },
  {
    key: 'spec',
    title: t('machines.specAndZone'),
    width: widths.spec,
    sorter: byText(machine => `${machine.specId} ${machine.zoneId}`),
    render: (_: unknown, { specId, zoneId }: Machine) => (
      <>
        <div>{specId}</div>
        <div className="quiet" title={zoneId}>
          {zoneNameOf(zoneId)}
        </div>
      </>
    ),
  },
  {
    key: 'used',
    title: t('groups.usedOfTotal'),
    width: widths.used,
    sorter: (a: Machine, b: Machine) => a.cpuUsedMilli / a.cpuMilli - b.cpuUsedMilli / b.cpuMilli,
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
    key: 'expires',
    title: t('machines.charge'),
    width: widths.zonedInstant,
    sorter: byText(machine => machine.expiresAt ?? ''),
    render: (_: unknown, { chargeType, expiresAt, autoRenew }: Machine) => (
      <div className="lines">
        <div>
          <ChargeTag chargeType={chargeType} />{' '}
          {autoRenew ? <span className="quiet">{t('machines.renewsItself')}</span> : null}
        </div>
        {chargeType === 'prepaid' ? (
          <div>
            <BillingInstant at={expiresAt} />
          </div>
        ) : null}
      </div>
    ),
  },
]
