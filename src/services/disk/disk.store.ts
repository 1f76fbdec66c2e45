// SQL of disk pressure: the machines of a host with what is on them.
import { sql } from 'kysely'
import type { Tx } from '../../db/db.ts'
import { diskHoldOwner } from '../../fleet/disk-holds.ts'
import type { Eviction, InstancePhase, LeavingBecause } from '../service-instance.ts'
import type { DiskMachine } from './disk-pressure.ts'

export async function selectDiskMachines(tx: Tx, regionIds: readonly string[]): Promise<DiskMachine[]> {
  const { rows } = await sql<DiskMachine>`
    select m.id as machine_id, m.account_id, f.region_id is not null as frozen,
      exists (select from holds h where h.machine_id = m.id and h.lifted_at is null
        and h.owner_kind = 'health' and h.owner = ${diskHoldOwner}) as held
    from machines m left join region_freezes f on f.region_id = m.region_id
    where m.region_id = any(${regionIds}::text[]) and m.phase = 'running' order by m.id`.execute(tx)
  return rows
}

export interface StoredInstance {
  id: string
  accountId: string
  workspaceId: string
  serviceId: string
  machineId: string
  phase: InstancePhase
  leavingBecause: LeavingBecause | null
  eviction: Eviction | null
}

export async function selectStored(tx: Tx, machineIds: readonly string[]): Promise<StoredInstance[]> {
  const { rows } = await sql<StoredInstance>`
    select i.id, i.account_id, s.workspace_id, i.service_id, i.machine_id, i.phase, i.leaving_because, i.eviction
    from service_instances i join services s on s.id = i.service_id
    where i.machine_id = any(${machineIds}::text[]) and i.phase <> 'ended' order by i.id`.execute(tx)
  return rows
}
