-- Rows that fail again and again: each waits longer from time to time, with the last error for the operator to read, and
-- others go on. A row is here from its first failure until it succeeds.
create table rows_set_aside (
  kind text not null check (kind in ('order', 'machine', 'resize', 'service', 'drain_plan', 'subscription', 'move_off', 'account',
    'cron', 'traffic')),
  row_id text not null,
  attempts integer not null check (attempts > 0),
  error text not null,
  since timestamptz not null,
  last_at timestamptz not null,
  due_at timestamptz not null,
  primary key (kind, row_id)
);
