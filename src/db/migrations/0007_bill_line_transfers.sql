-- From a transfer to the line that it pays: for explanations, and for checks slice by slice.
create index bill_lines_transfer on bill_lines (transfer_id);
