-- A user who must not come in any more is disabled, not deleted: events, orders and the audit go on naming them.
alter table users add column disabled_at timestamptz;
