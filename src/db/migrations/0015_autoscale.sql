-- Services that scale by themselves: by what is measured of them, and by the clock. What is wanted stands with the service;
-- what was seen and decided last, beside it, since it changes every ten seconds.
alter table services add column autoscaler jsonb, add column cron_scaler jsonb;
create index services_autoscaled on services (id) where autoscaler is not null and deleted_at is null;

create table service_scaling (
  service_id text primary key,
  account_id text not null,
  -- What the metrics asked for within the stabilization windows, and what was decided last.
  advice jsonb not null default '[]',
  verdict jsonb,
  decided_at timestamptz,
  -- What the last scheduled scaling asked for: it raises the autoscaler's minimum.
  floor integer not null default 0 check (floor >= 0),
  cron_checked_at timestamptz,
  cron_next_at timestamptz,
  cron_last jsonb,
  foreign key (account_id, service_id) references services (account_id, id)
);
create index service_scaling_cron on service_scaling (cron_next_at) where cron_next_at is not null;

-- What was measured, one row a service and step: ten seconds for an hour, minutes for a day.
create table service_metrics (
  account_id text not null,
  service_id text not null,
  step_seconds smallint not null check (step_seconds in (10, 60)),
  at timestamptz not null,
  traffic jsonb,
  instances jsonb not null,
  primary key (service_id, step_seconds, at),
  foreign key (account_id, service_id) references services (account_id, id)
);
create index service_metrics_age on service_metrics (step_seconds, at);
