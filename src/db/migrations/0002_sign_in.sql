-- People at a browser: passwords, an identity provider, sessions; who belongs to which workspace; and the audit of writes.

alter table users add column email text;
-- An e-mail names one user of the installation: an identity provider that vouches for it vouches for that user.
create unique index users_email on users (lower(email));
alter table users add column oidc_issuer text;
alter table users add column oidc_subject text;
alter table users add constraint users_oidc_pair check ((oidc_issuer is null) = (oidc_subject is null));
create unique index users_oidc on users (oidc_issuer, oidc_subject);

-- The hash carries its parameters (argon2id in its usual text form), so that they can be raised later.
create table passwords (
  account_id text not null,
  user_id text primary key,
  hash text not null,
  set_at timestamptz not null,
  foreign key (account_id, user_id) references users (account_id, id)
);

-- What the browser holds is a secret; here is only its digest, so that a copy of the database opens no session.
create table sessions (
  id text primary key,
  account_id text not null,
  user_id text not null,
  secret_sha256 bytea not null unique,
  method text not null check (method in ('password', 'oidc')),
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  ended_because text,
  address text not null,
  user_agent text not null,
  check ((ended_at is null) = (ended_because is null)),
  foreign key (account_id, user_id) references users (account_id, id)
);
create index sessions_user on sessions (account_id, user_id, created_at);
create index sessions_expires_at on sessions (expires_at);

-- Attempts to sign in that have not succeeded, by user as typed and by address: durable, or a restart frees the guesser.
create table sign_in_attempts (
  subject text primary key,
  failures integer not null check (failures > 0),
  first_at timestamptz not null,
  last_at timestamptz not null
);
create index sign_in_attempts_last_at on sign_in_attempts (last_at);

create table workspace_members (
  account_id text not null,
  workspace_id text not null,
  user_id text not null,
  role text not null check (role in ('developer', 'viewer')),
  added_at timestamptz not null,
  primary key (workspace_id, user_id),
  foreign key (account_id, workspace_id) references workspaces (account_id, id),
  foreign key (account_id, user_id) references users (account_id, id)
);
create index workspace_members_user on workspace_members (user_id);

-- Whoever could see a workspace before there were members still does.
insert into workspace_members (account_id, workspace_id, user_id, role, added_at)
select u.account_id, w.id, u.id, u.role, u.created_at
from users u join workspaces w on w.account_id = u.account_id where u.role in ('developer', 'viewer');

-- Every write by somebody known, done or refused, and every attempt to sign in. It is only ever added to.
create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  account_id text references accounts,
  user_id text,
  who text not null,
  method text not null check (method in ('access_key', 'session', 'password', 'oidc')),
  credential_id text,
  operation text not null,
  subject_id text not null,
  address text not null,
  status integer not null,
  code text,
  request_id text not null
);
create index audit_account on audit (account_id, id);

create trigger audit_append_only before update or delete on audit for each row execute function refuse_change();
