-- Corrections of bill lines, statements, and what the auditor finds.

-- A bill line stands for good: what turns out to be wrong with it is added here, with a transfer of its own.
create table bill_corrections (
  machine_id text not null,
  billing_day date not null,
  item text not null check (item in ('machine', 'disk')),
  number integer not null check (number > 0),
  account_id text not null,
  group_id text not null,
  -- What is added to the line; below 0: taken back.
  minutes integer not null,
  amount_fen bigint not null,
  reason text not null,
  created_at timestamptz not null,
  primary key (machine_id, billing_day, item, number),
  foreign key (account_id, machine_id) references machines (account_id, id)
);
create index bill_corrections_account on bill_corrections (account_id, billing_day);
create trigger bill_corrections_append_only before update or delete on bill_corrections for each row execute function refuse_change();

-- Up to this event, machines found lost after their day was closed have their correction.
alter table billing_progress add column corrected_event_id bigint not null default 0;
create index events_lost on events (id) where kind = 'machine.lost';
create index events_day_closed on events (id) where kind = 'billing.day_closed';
create index events_price_set on events (id) where kind = 'offering.price_set';

-- A month of an account, once it is final. What is sealed later than `through_number` belongs to a later one.
create table statements (
  account_id text not null references accounts,
  month date not null check (extract(day from month) = 1),
  prepaid_fen bigint not null,
  postpaid_fen bigint not null,
  corrections_fen bigint not null,
  after_number bigint not null,
  through_number bigint not null check (through_number >= after_number),
  finalised_at timestamptz not null,
  primary key (account_id, month)
);
create trigger statements_append_only before update or delete on statements for each row execute function refuse_change();

-- What the auditor has found broken; cleared once the same check no longer says so.
create table auditor_findings (
  check_name text not null,
  detail text not null,
  -- The slice of the check that said so.
  slice_after text not null,
  parks_billing boolean not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  cleared_at timestamptz,
  primary key (check_name, detail)
);
create index auditor_findings_open on auditor_findings (check_name) where cleared_at is null;

-- Where the auditor's walk through each check stands.
create table auditor_checks (
  check_name text primary key,
  -- The last key that was looked at in this round.
  cursor text not null default '',
  checked_at timestamptz,
  -- When a whole round was last completed.
  round_ended_at timestamptz
);
