-- What a service instance that is starting waits for: how far the fetch of its model is, as its driver said last.
alter table service_instances add column fetching jsonb;
