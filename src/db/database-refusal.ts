// What may go wrong with the database before a single query runs. Every message says what to do next.

export type DatabaseRefusal =
  | 'PlatformUnsupported'
  | 'DataDirInUse'
  | 'DataDirUnusable'
  | 'DataDirForeign'
  | 'DiskFull'
  | 'SocketPathTooLong'
  | 'DatabaseStuck'
  | 'DatabaseStartFailed'
  | 'MigrationChanged'
  | 'MigrationMissing'
  | 'DatabaseNewer'
  | 'BackupUnreadable'
  | 'DatabaseNotEmpty'

/** The way out that always exists. */
export const ownDatabase = 'or point DATABASE_URL at a PostgreSQL 16 or newer of your own'
