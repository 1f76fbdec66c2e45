// Generated from the migrated schema by scripts/generate-schema.ts; not edited by hand.
export interface DB {
  migrations: { name: string; sha256: string; appliedAt: Temporal.Instant }
}
