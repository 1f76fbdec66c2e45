-- Machines of which there is no word, the repair of what is away, and drains that a person lets go below a service's floor.

-- Since when the driver has had no word on it; null: it has.
alter table machines add column unreachable_at timestamptz;
create index machines_away on machines (region_id)
  where phase = 'running' and (lost_at is not null or unreachable_at is not null);

-- Service instances of a machine that is away come elsewhere: one row each time that a machine is away.
create table repairs (
  id text primary key,
  account_id text not null,
  group_id text not null,
  machine_id text not null,
  because text not null check (because in ('lost', 'unreachable')),
  phase text not null check (phase in ('waiting', 'repairing', 'repaired', 'ended')),
  -- Of one that waits: what for.
  waits_for jsonb,
  away_at timestamptz not null,
  started_at timestamptz,
  repaired_at timestamptz,
  ended_at timestamptz,
  check ((phase = 'ended') = (ended_at is not null)),
  foreign key (account_id, machine_id) references machines (account_id, id)
);
create unique index repairs_live on repairs (machine_id) where phase <> 'ended';

-- Regions of which most machines are away at once: nothing is done there by itself.
create table region_freezes (
  region_id text primary key references regions,
  frozen_at timestamptz not null,
  away integer not null,
  machines integer not null
);

-- A named person lets services have fewer instances than they ask for, so that the drain ends without breaking a request.
alter table drains add column overridden_by text;
alter table drains add column override_reason text;
alter table drains add column overridden_at timestamptz;
alter table drains add constraint drains_override check (num_nulls(overridden_by, override_reason, overridden_at) in (0, 3));

-- Since when a move waits for what it waits for now.
alter table drain_moves add column blocked_since timestamptz;
