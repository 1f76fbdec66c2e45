-- What accounts owe, and what follows: told, a time of grace, machines stopped, kept, brought back or released.

-- When an account's balance is looked at again. One row per account, made at its first look.
create table balance_watch (
  account_id text primary key references accounts,
  due_at timestamptz not null,
  -- Since when the account is told that its money runs out; null: it does not.
  low_since timestamptz
);
create index balance_watch_due on balance_watch (due_at);

-- A time in arrears: from the look that found the available balance below 0 until the one that found all of it paid.
create table arrears (
  id text primary key,
  account_id text not null references accounts,
  since timestamptz not null,
  -- The end of grace.
  stops_at timestamptz not null,
  -- When the last of its postpaid machines was stopped: they are kept from then on.
  stopped_at timestamptz,
  -- When the kept ones were released.
  released_at timestamptz,
  cleared_at timestamptz,
  check (stops_at >= since and (stopped_at is null or stopped_at >= stops_at))
);
create unique index arrears_open on arrears (account_id) where cleared_at is null;
create index arrears_account on arrears (account_id, since);

-- Paid machines are never stopped for what others cost.
alter table machines add constraint machines_arrears_stop_postpaid
  check (stopped_because is distinct from 'arrears' or charge_type = 'postpaid');
create index machines_postpaid on machines (account_id) where charge_type = 'postpaid' and ended_at is null;
