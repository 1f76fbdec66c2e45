-- Berth's tables, in the order of the story: identity, catalog, ledger, orders, fleet, services, gateway, billing.
-- Times are timestamptz in UTC, money is bigint (fen; unit prices in micro-yuan), every tenant row carries account_id and
-- refers to other tenant rows by (account_id, id), so that no row of one account can point at another's.
-- Work that takes time is a row with a phase; `generation` is its compare-and-set, `due_at`, `lease_*` its claim.

-- ── identity ──────────────────────────────────────────────────────────────────────────────────────────────────────────
create table accounts (
  id text primary key,
  name text not null unique,
  created_at timestamptz not null
);

create table workspaces (
  id text primary key,
  account_id text not null references accounts,
  name text not null,
  created_at timestamptz not null,
  unique (account_id, id),
  unique (account_id, name)
);

create table users (
  id text primary key,
  account_id text not null references accounts,
  name text not null,
  role text not null check (role in ('owner', 'finance', 'developer', 'viewer', 'operator')),
  created_at timestamptz not null,
  unique (account_id, id),
  unique (account_id, name)
);

-- The secret must come back to verify an HMAC, so it is encrypted (AES-256-GCM) by the installation's key, not hashed.
create table access_keys (
  id text primary key,
  account_id text not null,
  user_id text not null,
  secret_cipher bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  foreign key (account_id, user_id) references users (account_id, id)
);

-- Durable and shared, or a replay passes after a restart or at another replica (Q61).
create table signature_nonces (
  access_key_id text not null,
  nonce text not null,
  seen_at timestamptz not null,
  primary key (access_key_id, nonce)
);
create index signature_nonces_seen_at on signature_nonces (seen_at);

-- ── events and outbox ─────────────────────────────────────────────────────────────────────────────────────────────────
-- Append-only history of every change. `subject_kind` and `subject_id` name the thing, `actor` who did it.
create table events (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  account_id text references accounts,
  kind text not null,
  subject_kind text not null,
  subject_id text not null,
  actor text not null,
  data jsonb not null default '{}'
);
create index events_subject on events (subject_kind, subject_id, id);
create index events_account on events (account_id, id);

-- Effects on the outside world, written in the transaction that decides them. The effect's id is the idempotency key the
-- driver is given; `settled_at` is set once its outcome is known.
create table outbox (
  effect_id text primary key,
  kind text not null,
  subject_id text not null,
  payload jsonb not null default '{}',
  created_at timestamptz not null,
  settled_at timestamptz,
  outcome text
);
create index outbox_open on outbox (kind, created_at) where settled_at is null;

-- ── catalog ───────────────────────────────────────────────────────────────────────────────────────────────────────────
create table regions (
  id text primary key,
  name text not null,
  engine text not null check (engine in ('process', 'docker', 'kubernetes', 'simulated')),
  retired_at timestamptz
);

create table zones (
  id text primary key,
  region_id text not null references regions,
  name text not null,
  retired_at timestamptz,
  unique (region_id, id)
);

create table machine_specs (
  id text primary key,
  family text not null,
  cpu_milli integer not null check (cpu_milli > 0),
  memory_mib integer not null check (memory_mib > 0),
  gpu_model text,
  gpu_count integer not null default 0 check (gpu_count >= 0),
  gpu_memory_mib integer not null default 0 check (gpu_memory_mib >= 0)
);

-- What a zone has of a spec, whichever way it is charged.
create table stock (
  zone_id text not null references zones,
  spec_id text not null references machine_specs,
  total integer not null check (total >= 0),
  allocated integer not null default 0 check (allocated >= 0),
  primary key (zone_id, spec_id)
);

create table offerings (
  id text primary key,
  region_id text not null,
  zone_id text not null,
  spec_id text not null references machine_specs,
  charge_type text not null check (charge_type in ('prepaid', 'postpaid')),
  retired_at timestamptz,
  unique (zone_id, spec_id, charge_type),
  foreign key (region_id, zone_id) references zones (region_id, id)
);

-- Prices only ever get a new version. Micro-yuan: per month for each duration sold (prepaid), per hour (postpaid), and
-- per GiB of system disk above the free 200, per month or hour alike.
create table price_versions (
  offering_id text not null references offerings,
  version integer not null check (version > 0),
  effective_at timestamptz not null,
  month1_micros bigint check (month1_micros >= 0),
  month2_micros bigint check (month2_micros >= 0),
  month3_micros bigint check (month3_micros >= 0),
  month6_micros bigint check (month6_micros >= 0),
  month12_micros bigint check (month12_micros >= 0),
  hour_micros bigint check (hour_micros >= 0),
  disk_gib_micros bigint not null check (disk_gib_micros >= 0),
  created_by text not null,
  primary key (offering_id, version)
);
create unique index price_versions_effective on price_versions (offering_id, effective_at);

-- ── ledger ────────────────────────────────────────────────────────────────────────────────────────────────────────────
-- One book per purpose. Balances are stored for wallets and escrows only; the platform's books are sums (a stored balance
-- there would be the one row that every write queues behind).
create table ledger_accounts (
  id text primary key,
  account_id text references accounts,
  kind text not null check (kind in ('wallet_cash', 'wallet_voucher', 'escrow', 'revenue_prepaid', 'revenue_postpaid', 'channel')),
  order_id text,
  currency text not null,
  balance_fen bigint,
  created_at timestamptz not null,
  check ((kind in ('wallet_cash', 'wallet_voucher', 'escrow')) = (balance_fen is not null)),
  check (kind not in ('escrow', 'wallet_voucher') or balance_fen >= 0)
);
create unique index ledger_accounts_wallet on ledger_accounts (account_id, kind) where kind in ('wallet_cash', 'wallet_voucher');
create unique index ledger_accounts_escrow on ledger_accounts (order_id) where kind = 'escrow';
-- The platform's own books. Money comes in through a channel; a voucher is given, not paid, so it has a channel of its own.
insert into ledger_accounts (id, kind, currency, created_at) values
  ('channel:operator', 'channel', 'CNY', 'epoch'),
  ('channel:voucher', 'channel', 'CNY', 'epoch'),
  ('revenue:prepaid', 'revenue_prepaid', 'CNY', 'epoch'),
  ('revenue:postpaid', 'revenue_postpaid', 'CNY', 'epoch');

-- A transfer takes from one book and gives to another, so every one of them sums to zero by its shape. Its id is its
-- idempotency key. Never changed: a correction is a transfer back.
create table transfers (
  id text primary key,
  kind text not null check (kind in ('top_up', 'pay', 'capture', 'refund', 'usage', 'withdraw', 'reversal')),
  from_ledger_account_id text not null references ledger_accounts,
  to_ledger_account_id text not null references ledger_accounts,
  amount_fen bigint not null check (amount_fen >= 0),
  order_id text,
  line_no integer,
  machine_id text,
  at timestamptz not null,
  memo text not null default '',
  check (from_ledger_account_id <> to_ledger_account_id)
);
create index transfers_from on transfers (from_ledger_account_id, at);
create index transfers_to on transfers (to_ledger_account_id, at);
create index transfers_order on transfers (order_id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger transfers_append_only before update or delete on transfers for each row execute function refuse_change();
create trigger events_append_only before update or delete on events for each row execute function refuse_change();

-- Gap-free numbers and a hash chain, made after commit by one writer, so that writes don't queue behind them.
create table ledger_seals (
  number bigint primary key check (number > 0),
  transfer_id text not null unique references transfers,
  hash bytea not null
);

-- Transfers that have no number yet: written beside the transfer, taken by the sealer, so that it never searches the past.
create table transfers_to_seal (
  transfer_id text primary key references transfers
);
create trigger ledger_seals_append_only before update or delete on ledger_seals for each row execute function refuse_change();

-- ── fleet: groups ─────────────────────────────────────────────────────────────────────────────────────────────────────
create table resource_groups (
  id text primary key,
  account_id text not null references accounts,
  region_id text not null references regions,
  name text not null check (char_length(name) between 1 and 27),
  name_key text not null,
  kind text not null check (kind in ('prepaid', 'postpaid')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  generation integer not null default 1,
  unique (account_id, id)
);
create unique index resource_groups_name on resource_groups (account_id, name_key) where deleted_at is null;

-- ── orders ────────────────────────────────────────────────────────────────────────────────────────────────────────────
create table quotes (
  id text primary key,
  account_id text not null references accounts,
  kind text not null check (kind in ('purchase', 'scale_out', 'renewal')),
  request jsonb not null,
  result jsonb not null,
  total_fen bigint not null check (total_fen >= 0),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  unique (account_id, id)
);

create table orders (
  id text primary key,
  account_id text not null references accounts,
  kind text not null check (kind in ('purchase', 'scale_out', 'renewal', 'resize', 'refund')),
  phase text not null check (phase in ('placed', 'paid', 'provisioning', 'fulfilled', 'refunding', 'refunded', 'lapsed', 'cancelled')),
  charge_type text not null check (charge_type in ('prepaid', 'postpaid')),
  quote_id text,
  parent_order_id text,
  -- A new group has its id from the start and is made with the payment, under this name.
  group_id text,
  group_name text,
  creates_group boolean not null default false,
  region_id text,
  zone_id text,
  spec_id text,
  quantity integer not null check (quantity between 1 and 9999),
  months integer check (months in (1, 2, 3, 6, 12)),
  system_disk_gib integer,
  auto_renew boolean not null default false,
  auto_renew_months integer,
  partial_ok boolean not null default false,
  total_fen bigint not null check (total_fen >= 0),
  paid_cash_fen bigint not null default 0 check (paid_cash_fen >= 0),
  paid_voucher_fen bigint not null default 0 check (paid_voucher_fen >= 0),
  captured_fen bigint not null default 0 check (captured_fen >= 0),
  refunded_fen bigint not null default 0 check (refunded_fen >= 0),
  reason jsonb,
  actor text not null,
  created_at timestamptz not null,
  paid_at timestamptz,
  ended_at timestamptz,
  lapses_at timestamptz,
  deadline_at timestamptz,
  generation integer not null default 1,
  due_at timestamptz,
  lease_id text,
  lease_until timestamptz,
  attempts integer not null default 0,
  unique (account_id, id),
  foreign key (account_id, parent_order_id) references orders (account_id, id),
  foreign key (account_id, quote_id) references quotes (account_id, id),
  check (captured_fen + refunded_fen <= paid_cash_fen + paid_voucher_fen)
);
create index orders_due on orders (due_at) where due_at is not null;
create index orders_account on orders (account_id, created_at, id);
create index orders_group on orders (group_id, created_at);
create index orders_parent on orders (parent_order_id) where parent_order_id is not null;

-- One line per machine. `amount_fen` is that machine's share of the total, fixed when the order is placed (Q2).
create table order_lines (
  order_id text not null,
  account_id text not null,
  line_no integer not null check (line_no > 0),
  machine_id text,
  amount_fen bigint not null check (amount_fen >= 0),
  voucher_fen bigint not null default 0 check (voucher_fen >= 0),
  phase text not null default 'pending' check (phase in ('pending', 'delivered', 'refunded')),
  -- Of a renewal: the expiry that was quoted, which must still stand when it is paid.
  quoted_expires_at timestamptz,
  period_start timestamptz,
  period_end timestamptz,
  primary key (order_id, line_no),
  foreign key (account_id, order_id) references orders (account_id, id),
  check (voucher_fen <= amount_fen)
);
create index order_lines_machine on order_lines (machine_id);
-- A period of a machine is sold once (I15).
create unique index order_lines_period on order_lines (machine_id, period_start) where period_start is not null;

-- The stored answer of a buying call: the same account, operation and client token get it again (Q11–Q13).
create table client_tokens (
  account_id text not null references accounts,
  operation text not null,
  client_token text not null check (char_length(client_token) between 1 and 64),
  request_hash text not null,
  order_id text not null,
  created_at timestamptz not null,
  primary key (account_id, operation, client_token),
  foreign key (account_id, order_id) references orders (account_id, id)
);

-- ── fleet: machines ───────────────────────────────────────────────────────────────────────────────────────────────────
create table machines (
  id text primary key,
  account_id text not null,
  group_id text not null,
  order_id text not null,
  line_no integer not null,
  region_id text not null references regions,
  zone_id text not null references zones,
  spec_id text not null references machine_specs,
  charge_type text not null check (charge_type in ('prepaid', 'postpaid')),
  cpu_milli integer not null,
  memory_mib integer not null,
  gpu_model text,
  gpu_count integer not null,
  gpu_memory_mib integer not null,
  system_disk_gib integer not null check (system_disk_gib between 200 and 2000),
  phase text not null check (phase in ('pending', 'provisioning', 'running', 'stopped', 'failed', 'releasing', 'released')),
  desired text not null default 'running' check (desired in ('running', 'stopped', 'released')),
  stopped_because text check (stopped_because in ('expired', 'arrears')),
  -- Stock is held from the order to the release; the one flag that both directions compare-and-set.
  holds_stock boolean not null default true,
  release_force boolean not null default false,
  release_accepted_at timestamptz,
  lost_at timestamptz,
  -- When the driver last said that it runs: a lost machine's interval ends here (Q33).
  observed_at timestamptz,
  failure jsonb,
  driver_ref text,
  address text,
  created_at timestamptz not null,
  running_at timestamptz,
  ended_at timestamptz,
  generation integer not null default 1,
  due_at timestamptz,
  lease_id text,
  lease_until timestamptz,
  attempts integer not null default 0,
  unique (account_id, id),
  unique (order_id, line_no),
  foreign key (account_id, group_id) references resource_groups (account_id, id),
  foreign key (account_id, order_id) references orders (account_id, id),
  check ((phase = 'stopped') = (stopped_because is not null))
) with (fillfactor = 70); -- Room for the next version in the page: a lease then touches no index.
create index machines_group on machines (group_id, created_at, id);
create index machines_account on machines (account_id, created_at, id);
create index machines_due on machines (due_at) where due_at is not null;
create index machines_live on machines (zone_id, spec_id) where holds_stock;

-- When a machine ran, half-open. Intervals of one machine never overlap (I6, I8): postpaid bills are computed from these.
create extension if not exists btree_gist;
create table running_intervals (
  machine_id text not null references machines,
  account_id text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  primary key (machine_id, started_at),
  check (ended_at is null or ended_at >= started_at),
  exclude using gist (machine_id with =, tstzrange(started_at, ended_at) with &&)
);

-- One reason a machine takes no new placement. A drain is a hold of its own.
create table holds (
  id text primary key,
  machine_id text not null,
  account_id text not null,
  owner_kind text not null check (owner_kind in ('person', 'plan', 'billing', 'health')),
  owner text not null,
  reason text not null,
  drain_id text,
  created_at timestamptz not null,
  expires_at timestamptz,
  lifted_at timestamptz,
  lifted_by text,
  foreign key (account_id, machine_id) references machines (account_id, id)
);
create index holds_live on holds (machine_id) where lifted_at is null;

create table drains (
  id text primary key,
  machine_id text not null,
  account_id text not null,
  phase text not null check (phase in ('draining', 'drained', 'cancelled', 'aborted')),
  reason text not null,
  actor text not null,
  force boolean not null default false,
  started_at timestamptz not null,
  deadline_at timestamptz not null,
  ended_at timestamptz,
  generation integer not null default 1,
  foreign key (account_id, machine_id) references machines (account_id, id)
);
create unique index drains_live on drains (machine_id) where phase = 'draining';
create index drains_machine on drains (machine_id, started_at);

-- What a prepaid machine is paid for. Kept by orders: the fleet knows no money.
create table subscriptions (
  machine_id text primary key,
  account_id text not null,
  anchor_at timestamptz not null,
  months_since_anchor integer not null check (months_since_anchor > 0),
  starts_at timestamptz not null,
  expires_at timestamptz not null,
  auto_renew boolean not null,
  auto_renew_months integer not null check (auto_renew_months in (1, 2, 3, 6, 12)),
  stopped_at timestamptz,
  ended_at timestamptz,
  generation integer not null default 1,
  check (expires_at > starts_at),
  foreign key (account_id, machine_id) references machines (account_id, id)
);
create index subscriptions_expiry on subscriptions (expires_at) where ended_at is null;

-- ── services ──────────────────────────────────────────────────────────────────────────────────────────────────────────
create table services (
  id text primary key,
  account_id text not null,
  workspace_id text not null,
  group_id text not null,
  region_id text not null references regions,
  name text not null,
  desired text not null check (desired in ('running', 'stopped', 'deleted')),
  replicas integer not null check (replicas >= 0),
  version integer not null,
  access_key_cipher bytea not null,
  restart_generation integer not null default 0,
  route_generation bigint not null default 0,
  rollout jsonb,
  actor text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  generation integer not null default 1,
  due_at timestamptz,
  lease_id text,
  lease_until timestamptz,
  attempts integer not null default 0,
  unique (account_id, id),
  foreign key (account_id, group_id) references resource_groups (account_id, id),
  foreign key (account_id, workspace_id) references workspaces (account_id, id)
);
create unique index services_name on services (account_id, region_id, name) where deleted_at is null;
create index services_group on services (group_id) where deleted_at is null;
create index services_due on services (due_at) where due_at is not null;
create index services_routes on services (route_generation);

create table service_versions (
  service_id text not null references services,
  version integer not null check (version > 0),
  config jsonb not null,
  actor text not null,
  created_at timestamptz not null,
  primary key (service_id, version)
);

-- One running copy. `routed_at_generation` and `unrouted_at_generation` are the route generations that gateways must have
-- acknowledged before the next step is taken.
create table service_instances (
  id text primary key,
  account_id text not null,
  service_id text not null,
  version integer not null,
  restart_generation integer not null default 0,
  machine_id text,
  phase text not null check (phase in ('waiting', 'starting', 'ready', 'leaving', 'stopping', 'ended')),
  leaving_because text,
  replaces_id text,
  drain_id text,
  ready boolean not null default false,
  waiting_reason jsonb,
  host text,
  port integer,
  routed_at_generation bigint,
  unrouted_at_generation bigint,
  leaving_at timestamptz,
  -- Its cards, counted from 0 on its machine.
  gpu_indexes integer[] not null default '{}',
  crash_count integer not null default 0,
  end_reason text,
  exit_code integer,
  exit_signal text,
  end_message text,
  created_at timestamptz not null,
  started_at timestamptz,
  ready_at timestamptz,
  ended_at timestamptz,
  generation integer not null default 1,
  unique (account_id, id),
  foreign key (account_id, service_id) references services (account_id, id),
  foreign key (account_id, machine_id) references machines (account_id, id)
);
create index service_instances_service on service_instances (service_id, created_at);
create index service_instances_live on service_instances (service_id) where phase <> 'ended';
create index service_instances_machine on service_instances (machine_id) where phase <> 'ended';

-- Capacity that one service instance holds on one machine, until its process is really gone.
create table reservations (
  service_instance_id text primary key,
  account_id text not null,
  machine_id text not null,
  cpu_milli integer not null check (cpu_milli >= 0),
  memory_mib integer not null check (memory_mib >= 0),
  gpu_count integer not null check (gpu_count >= 0),
  gpu_memory_mib integer not null check (gpu_memory_mib >= 0),
  created_at timestamptz not null,
  revoked_at timestamptz,
  foreign key (account_id, machine_id) references machines (account_id, id)
);
create index reservations_machine on reservations (machine_id);

-- What a drain moved: one row per service instance that was on the machine. The receipt is the sum of these.
create table drain_moves (
  drain_id text not null references drains,
  service_instance_id text not null,
  account_id text not null,
  service_id text not null,
  replacement_id text,
  to_machine_id text,
  blocked_reason jsonb,
  in_flight_at_start integer not null default 0,
  served integer not null default 0,
  failed integer not null default 0,
  longest_ms integer not null default 0,
  started_at timestamptz not null,
  moved_at timestamptz,
  primary key (drain_id, service_instance_id)
);

-- ── gateway ───────────────────────────────────────────────────────────────────────────────────────────────────────────
-- One row: taking its lock orders the route changes, so a reader that has seen n has seen all below n.
create table route_state (
  only_row boolean primary key default true check (only_row),
  generation bigint not null
);
insert into route_state (generation) values (0);

create table gateways (
  id text primary key,
  pid integer not null,
  lease_until timestamptz not null,
  acknowledged_generation bigint not null,
  connected boolean not null,
  updated_at timestamptz not null
);

-- The latest word of each gateway on each watched service instance.
create table gateway_instance_traffic (
  gateway_id text not null references gateways on delete cascade,
  service_instance_id text not null,
  generation bigint not null,
  in_flight integer not null,
  idle_connections integer not null,
  served bigint not null,
  failed bigint not null,
  longest_ms integer not null,
  -- What the gateway had counted when it was first asked: the part that is not the drain's.
  served_before bigint not null,
  failed_before bigint not null,
  updated_at timestamptz not null,
  primary key (gateway_id, service_instance_id)
);

-- ── billing ───────────────────────────────────────────────────────────────────────────────────────────────────────────
-- One line per machine, billing day and item, rounded once; `segments` are its price versions with minutes (Q29–Q32).
create table bill_lines (
  machine_id text not null,
  billing_day date not null,
  item text not null check (item in ('machine', 'disk')),
  account_id text not null,
  group_id text not null,
  minutes integer not null check (minutes >= 0),
  amount_fen bigint not null check (amount_fen >= 0),
  segments jsonb not null,
  transfer_id text references transfers,
  created_at timestamptz not null,
  primary key (machine_id, billing_day, item),
  foreign key (account_id, machine_id) references machines (account_id, id)
);
create index bill_lines_account on bill_lines (account_id, billing_day);
create trigger bill_lines_append_only before update or delete on bill_lines for each row execute function refuse_change();

-- Postpaid machines are billed day by day; this is the last billing day that is complete for all accounts.
create table billing_progress (
  only_row boolean primary key default true check (only_row),
  billed_through date
);
insert into billing_progress (billed_through) values (null);

-- Where the installation keeps single facts (the billing zone it was made with, the clock's high-water mark).
create table settings (
  key text primary key,
  value jsonb not null
);
