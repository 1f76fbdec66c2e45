-- Notices, the clock's own book, and what automatic renewal and the expiry ladder remember of a subscription.

-- What an account is told, once per `key`. `uptime_seconds` is the observed uptime when it was told: a release waits until
-- it has been known for a day that Berth really ran.
create table notices (
  id bigint generated always as identity primary key,
  account_id text not null references accounts,
  kind text not null,
  subject_kind text not null,
  subject_id text not null,
  key text not null unique,
  data jsonb not null default '{}',
  created_at timestamptz not null,
  uptime_seconds bigint not null,
  read_at timestamptz,
  -- Of the delivery to whoever listens outside; null: delivered, given up, or nobody listens.
  delivery_due_at timestamptz,
  delivery_attempts integer not null default 0,
  delivered_at timestamptz,
  delivery_error text
);
create index notices_account on notices (account_id, id);
create index notices_subject on notices (subject_id, kind);
create index notices_unread on notices (account_id) where read_at is null;
create index notices_delivery on notices (delivery_due_at) where delivery_due_at is not null;

-- One row per boot of a host: how its wall clock stood to the time since boot, and whether it is trusted.
create table time_marks (
  boot_id text primary key,
  wall_at timestamptz not null,
  since_boot_ms bigint not null,
  paused_at timestamptz,
  pause_reason text,
  -- The wall clock as it was first seen after the jump.
  jumped_to timestamptz,
  jumped_since_boot_ms bigint
);

-- For how long any control has run, in seconds. One row.
create table observed_uptime (
  one_row boolean primary key default true check (one_row),
  seconds bigint not null,
  observed_at timestamptz not null
);

alter table subscriptions
  -- The next try of automatic renewal; null: none will be made for the present period.
  add column renew_due_at timestamptz,
  -- How many of the expiry notices of the present period were given.
  add column noticed_steps integer not null default 0,
  -- When its services began to be moved away from its expiry.
  add column moved_off_at timestamptz;
create index subscriptions_renew_due on subscriptions (renew_due_at) where renew_due_at is not null and ended_at is null;
create index subscriptions_notices on subscriptions (noticed_steps, expires_at) where stopped_at is null and ended_at is null;
-- Found by their expiry alone, all that renew by themselves are looked at once.
update subscriptions set renew_due_at = starts_at where auto_renew and stopped_at is null and ended_at is null;
