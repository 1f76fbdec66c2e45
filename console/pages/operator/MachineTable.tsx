// Machines of all accounts or of one, with their filters in the address.
import { Select } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { formatCpu, formatGib, t } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, still, useAll, useApi } from '../../queries.ts'
import { regionName, usePlaceNames, zoneName } from '../../ui/catalog-names.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { lazyDialog } from '../../ui/lazy-dialog.tsx'
import { ChargeTag, StatusTag } from '../../ui/StatusTag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'

type Machine = Item<'GET /v1/fleet/machines'>
type Filter = 'accountId' | 'regionId' | 'zoneId' | 'specId' | 'chargeType' | 'status'

const ReleaseEarly = lazyDialog(async () => (await import('../../forms/early-release.tsx')).ReleaseEarly)

export function MachineTable({ accountId }: { accountId?: string }) {
  const [search, setSearch] = useSearchState<Filter>()
  const [releasing, setReleasing] = useState<Machine | null>(null)
  const { regionId, zoneId, specId, chargeType, status } = search
  const query = { accountId: accountId ?? search.accountId, regionId, zoneId, specId, chargeType }
  const machines = useAll('GET /v1/fleet/machines', query, live)
  const placeNameOf = usePlaceNames()
  return (
    <>
      <MachineFilters search={search} onChange={setSearch} byAccount={accountId === undefined} />
      <DataTable<Machine>
        label={t('nav.fleet')}
        answer={machines}
        rowKey={machine => machine.machineId}
        keep={machine => !status || machine.status === status}
        empty={
          <EmptyState
            title={
              Object.values(query).some(value => value !== undefined) ? t('common.noMatch') : t('operator.noMachines')
            }
          />
        }
        columns={columns(accountId === undefined, placeNameOf, setReleasing)}
      />
      {releasing ? <ReleaseEarly machine={releasing} onClose={() => setReleasing(null)} /> : null}
    </>
  )
}

const columns = (byAccount: boolean, placeNameOf: (zoneId: string) => string, release: (machine: Machine) => void) => [
  {
    title: byAccount ? `${t('operator.machineId')} / ${t('signIn.account')}` : t('operator.machineId'),
    width: widths.id,
    render: (_: unknown, machine: Machine) => (
      <>
        <IdText id={machine.machineId} />
        {byAccount ? (
          <div>
            <TextLink to={paths.operatorAccount(machine.accountId)} className="said">
              {machine.accountName}
            </TextLink>
          </div>
        ) : null}
      </>
    ),
  },
  {
    title: t('common.status'),
    width: widths.machineStatus,
    render: (_: unknown, machine: Machine) => <StatusTag status={machine.status} />,
  },
  {
    title: `${t('common.zone')} / ${t('machines.spec')}`,
    width: widths.text,
    render: (_: unknown, { zoneId, specId }: Machine) => (
      <div className="lines">
        <div title={zoneId}>{placeNameOf(zoneId)}</div>
        <div className="quiet">{specId}</div>
      </div>
    ),
  },
  {
    title: t('groups.usedOfTotal'),
    width: widths.used,
    render: (_: unknown, machine: Machine) => (
      <div className="lines numeric">
        <div>{t('groups.cpuOf', { used: formatCpu(machine.cpuUsedMilli), total: formatCpu(machine.cpuMilli) })}</div>
        <div>
          {t('groups.memoryOf', {
            used: formatGib(machine.memoryUsedMib),
            total: formatGib(machine.memoryMib),
          })}
        </div>
      </div>
    ),
  },
  {
    title: t('machines.charge'),
    width: widths.charge,
    render: (_: unknown, one: Machine) => <ChargeTag chargeType={one.chargeType} />,
  },
  {
    title: t('operator.expires'),
    width: widths.instant,
    render: (_: unknown, one: Machine) => (
      <>
        <BillingInstant at={one.expiresAt} />
        {one.chargeType === 'prepaid' ? (
          <div>
            <button type="button" className="figure" onClick={() => release(one)}>
              {t('operator.releaseEarly')}
            </button>
          </div>
        ) : null}
      </>
    ),
  },
]

interface FilterProps {
  search: Partial<Record<Filter, string>>
  onChange: (change: Partial<Record<Filter, string | undefined>>) => void
  byAccount: boolean
}

const statuses = [
  ...(['Attaching', 'Ready', 'Ready-SchedulingDisabled', 'NotReady'] as const),
  ...(['NotReady-SchedulingDisabled', 'Stopped', 'Deleting', 'CreateFailed'] as const),
] as const

function MachineFilters({ search, onChange, byAccount }: FilterProps) {
  const accounts = useApi('GET /v1/accounts', {}, { ...still, enabled: byAccount })
  const regions = useApi('GET /v1/regions', {}, still)
  const offerings = useApi('GET /v1/offerings', {}, still)
  const all = regions.data?.items ?? []
  const zones = all.filter(one => !search.regionId || one.regionId === search.regionId).flatMap(one => one.zones)
  const specs = [...new Set((offerings.data?.items ?? []).map(one => one.specId))].sort()
  const select = (name: Filter, label: string, options: { value: string; label: string }[]) => (
    <Select
      key={name}
      allowClear
      aria-label={label}
      placeholder={label}
      value={search[name] ?? null}
      onChange={(value: string | null | undefined) =>
        onChange({ [name]: value ?? undefined, ...(name === 'regionId' ? { zoneId: undefined } : {}) })
      }
      options={options}
      style={{ minWidth: 150 }}
    />
  )
  return (
    <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8, marginBottom: 12 }}>
      {byAccount
        ? select(
            'accountId',
            t('signIn.account'),
            (accounts.data?.items ?? []).map(one => ({ value: one.accountId, label: one.name })),
          )
        : null}
      {select(
        'regionId',
        t('common.region'),
        all.map(one => ({ value: one.regionId, label: regionName(one) })),
      )}
      {select(
        'zoneId',
        t('common.zone'),
        zones.map(one => ({ value: one.zoneId, label: `${zoneName(one)} (${one.zoneId})` })),
      )}
      {select(
        'specId',
        t('machines.spec'),
        specs.map(one => ({ value: one, label: one })),
      )}
      {select(
        'chargeType',
        t('machines.charge'),
        (['prepaid', 'postpaid'] as const).map(one => ({ value: one, label: t(`charge.${one}`) })),
      )}
      {select(
        'status',
        t('common.status'),
        statuses.map(one => ({ value: one, label: t(`status.${one}`) })),
      )}
    </div>
  )
}
