-- Where a rebalance of its group wants the service instance that comes in this one's place: there, or this one stays.
alter table service_instances add column move_to text;
alter table service_instances add foreign key (account_id, move_to) references machines (account_id, id);
