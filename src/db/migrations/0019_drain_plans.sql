-- Many machines drained one batch after the other, within windows.
create table drain_plans (
  id text primary key,
  account_id text not null,
  group_id text not null,
  phase text not null check (phase in ('running', 'paused', 'done', 'cancelled')),
  reason text not null,
  -- Who made it, and in whose name its drains begin.
  actor text not null,
  batch_size integer not null check (batch_size > 0),
  deadline_seconds integer not null check (deadline_seconds >= 0),
  -- What becomes of a machine once it is drained: held until somebody lets it take instances again, or so at once.
  afterwards text not null check (afterwards in ('hold', 'return')),
  -- [{ days, from, to }]; none: at any time.
  windows jsonb not null,
  -- [{ code, machineId }]: what a person was last asked.
  asks jsonb not null default '[]',
  time_zone text not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  generation integer not null default 1,
  due_at timestamptz,
  lease_id text,
  lease_until timestamptz,
  unique (account_id, id),
  check ((phase in ('done', 'cancelled')) = (ended_at is not null))
);
create index drain_plans_due on drain_plans (due_at) where due_at is not null;
create index drain_plans_account on drain_plans (account_id, created_at);

create table drain_plan_machines (
  plan_id text not null,
  machine_id text not null,
  account_id text not null,
  position integer not null,
  phase text not null check (phase in ('waiting', 'draining', 'drained', 'failed', 'skipped')),
  drain_id text references drains,
  note text,
  ended_at timestamptz,
  primary key (plan_id, machine_id),
  foreign key (account_id, plan_id) references drain_plans (account_id, id),
  foreign key (account_id, machine_id) references machines (account_id, id)
);
