-- How the last rollout of a service ended, and a person's word that a service instance may end before there is one in its place:
-- by whom, why, and of which move.
alter table services add column last_rollout jsonb;
alter table service_instances add column go_first jsonb;
