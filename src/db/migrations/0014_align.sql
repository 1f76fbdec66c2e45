-- Prepaid machines brought to one common expiry.

alter table quotes drop constraint quotes_kind_check;
alter table quotes add constraint quotes_kind_check
  check (kind in ('purchase', 'scale_out', 'renewal', 'alignment', 'resize', 'early_release'));
alter table orders drop constraint orders_kind_check;
alter table orders add constraint orders_kind_check
  check (kind in ('purchase', 'scale_out', 'renewal', 'alignment', 'resize', 'refund'));

-- Of an alignment: the common expiry.
alter table orders add column aligns_to timestamptz;
alter table orders add constraint orders_aligns check ((kind = 'alignment') = (aligns_to is not null));

-- Of a line of an alignment: the whole months that it pays for, and the month after them that the common expiry cuts.
alter table order_lines add column whole_months integer check (whole_months between 0 and 12);
alter table order_lines add column month_start timestamptz;
alter table order_lines add column month_end timestamptz;
alter table order_lines add constraint order_lines_cut_month
  check (num_nulls(whole_months, month_start, month_end) in (0, 3) and month_start < month_end);

-- An alignment's common expiry is the new anchor, from which no month has passed.
alter table subscriptions drop constraint subscriptions_months_since_anchor_check;
alter table subscriptions add constraint subscriptions_months_since_anchor_check check (months_since_anchor >= 0);
