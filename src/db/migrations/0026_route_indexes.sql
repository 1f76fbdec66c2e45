-- What each push of routes asks of all service instances, few of which leave or replace another at any time.
create index service_instances_leaving on service_instances (service_id) where phase = 'leaving';
create index service_instances_replaces on service_instances (replaces_id) where replaces_id is not null;
