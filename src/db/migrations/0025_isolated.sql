-- An isolated service instance runs on, for somebody to look at: out of the routes, and one in its place serves.
alter table service_instances drop constraint service_instances_phase_check;
alter table service_instances add constraint service_instances_phase_check
  check (phase in ('waiting', 'starting', 'ready', 'leaving', 'isolated', 'stopping', 'ended'));
