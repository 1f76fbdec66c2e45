-- What an order for thousands of machines spends its time on.

-- A machine's row is written three times before it runs. With room for all its versions in the page, the writes that change
-- no indexed column (the lease, the phase) touch none of the seven indexes.
alter table machines set (fillfactor = 40);

-- As before: intervals of one machine never overlap. GiST compares ids as texts of any length, slower with every thousand
-- rows; as 64-bit numbers it is three times as fast and stays so. Two of a million machines share a number with a chance of
-- 1 in 37 million; the second could then not start while the first runs, and no interval would be wrong.
alter table running_intervals drop constraint running_intervals_machine_id_tstzrange_excl;
alter table running_intervals add constraint running_intervals_no_overlap
  exclude using gist (hashtextextended(machine_id, 0) with =, tstzrange(started_at, ended_at) with &&);
