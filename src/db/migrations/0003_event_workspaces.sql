-- What happened in a workspace is for those who see the workspace: an event says which one it belongs to, if to any.
alter table events add column workspace_id text;

-- Events so far: of services, of their instances, and of workspaces themselves. The one time that events are changed.
alter table events disable trigger events_append_only;
update events e set workspace_id = s.workspace_id
from services s
where e.subject_kind = 'service' and s.account_id = e.account_id and s.id = e.subject_id;
update events e set workspace_id = s.workspace_id
from service_instances i join services s on s.account_id = i.account_id and s.id = i.service_id
where e.subject_kind = 'service_instance' and i.account_id = e.account_id and i.id = e.subject_id;
update events set workspace_id = subject_id where subject_kind = 'workspace';
alter table events enable trigger events_append_only;
