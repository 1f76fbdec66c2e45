-- Streams that a drain waited for, and those that somebody's force cut off.
alter table gateway_instance_traffic add column streams integer not null default 0;
alter table gateway_instance_traffic add column streams_waited_for integer not null default 0;
alter table gateway_instance_traffic add column streams_cut integer not null default 0;

alter table drain_moves add column streams_waited_for integer not null default 0;
alter table drain_moves add column streams_cut integer not null default 0;
