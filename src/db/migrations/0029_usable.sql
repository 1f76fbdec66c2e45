-- What others leave of a machine in its engine, where that is less than what was sold: {"cpuMilli", "memoryMib", "gpuCount"}.
alter table machines add column usable jsonb;
