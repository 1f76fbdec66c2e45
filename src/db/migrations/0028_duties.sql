-- Any number of controllers on one database. A controller says that it lives by counting up `beat`; one that is silent for some
-- beats of another, or whose process is gone, is ended: its leases on rows and its duties may be taken at once.
create table controllers (
  id text primary key,
  -- Boot and process namespace: pids mean something within one alone.
  host text not null,
  pid integer not null,
  process_start text not null,
  -- The application_name of its connections, by which they are ended with it.
  session text not null,
  version text not null,
  started_at timestamptz not null,
  beat bigint not null default 0,
  beat_at timestamptz not null,
  ended_at timestamptz,
  ended_because text check (ended_because in ('stopped', 'silent', 'gone')),
  -- Writes that were refused because another had taken over.
  refused_writes bigint not null default 0,
  check ((ended_at is null) = (ended_because is null))
);
create index controllers_alive on controllers (id) where ended_at is null;

-- What one controller does for all. The fencing token grows with every change of hands, and is checked in each transaction that
-- writes on behalf of the duty.
create table duties (
  name text primary key,
  controller_id text references controllers (id),
  fencing_token bigint not null default 0,
  taken_at timestamptz
);
insert into duties (name) values ('money'), ('notices'), ('routes'), ('upkeep');

-- Which key seals secrets: a process that was given another one could open none of them.
create table sealing_key (
  one_row boolean primary key default true check (one_row),
  fingerprint text not null
);
