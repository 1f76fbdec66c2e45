-- Traffic: groups of services behind one name, mirrors, and access keys that are rotated.

create table traffic_groups (
  id text primary key,
  account_id text not null,
  workspace_id text not null,
  region_id text not null references regions,
  name text not null,
  -- auto: as many parts as a member has instances in the routes.
  mode text not null check (mode in ('auto', 'weighted')),
  -- By service id, before the last change: what a switch back restores.
  weights_before jsonb,
  route_generation bigint not null,
  actor text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  unique (account_id, id),
  foreign key (account_id, workspace_id) references workspaces (account_id, id)
);
create unique index traffic_groups_name on traffic_groups (account_id, region_id, name) where deleted_at is null;
create index traffic_groups_routes on traffic_groups (route_generation);

create table traffic_members (
  service_id text primary key,
  account_id text not null,
  group_id text not null,
  weight integer not null check (weight between 0 and 1000),
  foreign key (account_id, service_id) references services (account_id, id),
  foreign key (account_id, group_id) references traffic_groups (account_id, id)
);
create index traffic_members_group on traffic_members (group_id);

create table service_mirrors (
  service_id text primary key,
  account_id text not null,
  percent integer not null check (percent between 1 and 100),
  target_ids text[] not null,
  foreign key (account_id, service_id) references services (account_id, id)
);

create table service_keys (
  id text primary key,
  account_id text not null,
  service_id text,
  traffic_group_id text,
  cipher bytea not null,
  actor text not null,
  created_at timestamptz not null,
  -- Of a key that was rotated: the end of the overlap.
  expires_at timestamptz,
  -- Out of the routes: its end has come, or it was revoked.
  ended_at timestamptz,
  last_used_at timestamptz,
  check (num_nonnulls(service_id, traffic_group_id) = 1),
  foreign key (account_id, service_id) references services (account_id, id),
  foreign key (account_id, traffic_group_id) references traffic_groups (account_id, id)
);
create index service_keys_service on service_keys (service_id, created_at);
create index service_keys_group on service_keys (traffic_group_id, created_at);
create index service_keys_ending on service_keys (expires_at) where ended_at is null and expires_at is not null;

insert into service_keys (id, account_id, service_id, cipher, actor, created_at, ended_at)
select 'eas-k-' || substr(id, 7), account_id, id, access_key_cipher, actor, created_at, deleted_at from services;
alter table services drop column access_key_cipher;
