-- Which service instance was chosen to leave its machine for disk pressure, with the figures of that moment.
alter table service_instances add column eviction jsonb;
