-- A final statement says itself where its month ended, so that it can be checked without the billing zone.
alter table statements add column ends_at timestamptz not null;
