-- Notices by mail. The two ways out have a state each: one does not wait for the other. What was told before is not sent.
alter table notices
  add column mail_due_at timestamptz,
  add column mail_attempts integer not null default 0,
  add column mailed_at timestamptz,
  add column mail_error text;
create index notices_mail on notices (mail_due_at) where mail_due_at is not null;
