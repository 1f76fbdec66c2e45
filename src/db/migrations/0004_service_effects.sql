-- Launches and stops of service instances leave through the outbox. Those that were under way before get their entry: who
-- runs was launched, who starts or stops is asked again.
insert into outbox (effect_id, kind, subject_id, payload, created_at, settled_at, outcome)
select 'service_instance:' || id || ':launch', 'service_instance.launch', id, jsonb_build_object('machineId', machine_id),
  coalesce(started_at, created_at), ready_at, case when ready_at is not null then 'launched' end
from service_instances where phase <> 'ended' and machine_id is not null
on conflict (effect_id) do nothing;

insert into outbox (effect_id, kind, subject_id, created_at)
select 'service_instance:' || id || ':stop', 'service_instance.stop', id, coalesce(leaving_at, created_at)
from service_instances where phase = 'stopping'
on conflict (effect_id) do nothing;
