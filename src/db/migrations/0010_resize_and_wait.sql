-- Larger system disks, orders that wait for stock, machines that the operator releases early.

alter table quotes drop constraint quotes_kind_check;
alter table quotes add constraint quotes_kind_check
  check (kind in ('purchase', 'scale_out', 'renewal', 'resize', 'early_release'));

-- A disk that is to grow, and has grown: what a machine's disk was when. Its id is the effect's; a line of an order asks
-- for it, so it is asked for once.
create table machine_resizes (
  id text primary key,
  machine_id text not null,
  account_id text not null,
  order_id text not null,
  line_no integer not null,
  from_gib integer not null check (from_gib between 200 and 2000),
  to_gib integer not null check (to_gib between 200 and 2000),
  phase text not null check (phase in ('asked', 'done', 'refused')),
  failure jsonb,
  created_at timestamptz not null,
  ended_at timestamptz,
  generation integer not null default 1,
  due_at timestamptz,
  lease_id text,
  lease_until timestamptz,
  attempts integer not null default 0,
  unique (order_id, line_no),
  check (to_gib > from_gib),
  check ((phase = 'asked') = (ended_at is null)),
  foreign key (account_id, machine_id) references machines (account_id, id),
  foreign key (account_id, order_id) references orders (account_id, id)
);
create unique index machine_resizes_asked on machine_resizes (machine_id) where phase = 'asked';
create index machine_resizes_machine on machine_resizes (machine_id, ended_at) where phase = 'done';
create index machine_resizes_due on machine_resizes (due_at) where due_at is not null;

-- The disk that a renewal or resize was quoted for, which must still stand when it is paid; and of a resize the new one.
alter table order_lines add column quoted_disk_gib integer;
alter table order_lines add column resized_to_gib integer;
-- Of an early release: the paid line that this one gives back a part of.
alter table order_lines add column refunds_order_id text;
alter table order_lines add column refunds_line_no integer;
alter table order_lines add constraint order_lines_refunds
  foreign key (refunds_order_id, refunds_line_no) references order_lines (order_id, line_no);
create index order_lines_refunds on order_lines (refunds_order_id, refunds_line_no) where refunds_order_id is not null;
-- A period of a machine is sold once (I15); a larger disk is paid for within periods, and a refund names what it gives back.
drop index order_lines_period;
create unique index order_lines_period on order_lines (machine_id, period_start)
  where period_start is not null and resized_to_gib is null and refunds_order_id is null;

-- How long an order may wait for stock once it is paid, until when that is, and for how many machines it waits.
alter table orders add column wait_minutes integer not null default 0 check (wait_minutes between 0 and 1440);
alter table orders add column waits_until timestamptz;
alter table orders add column waiting_lines integer not null default 0 check (waiting_lines >= 0);
create index orders_waiting on orders (zone_id, spec_id, paid_at, id) where waiting_lines > 0;
