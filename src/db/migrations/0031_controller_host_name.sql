-- Of the machine or the pod that a controller runs in: what people find it by.
alter table controllers add column host_name text not null default '';
