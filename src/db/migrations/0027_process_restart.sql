-- The process of a service instance is restarted where it runs: how often it was, and who wants it now.
alter table service_instances add column restart_count integer not null default 0 check (restart_count >= 0);
alter table service_instances add column process_restart jsonb;
