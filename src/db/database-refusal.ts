// What may go wrong with the database before a single query runs. Every message says what to do next.
import { Refusal } from '../lib/errors.ts'

export type DatabaseRefusal =
  | 'PlatformUnsupported'
  | 'DataDirInUse'
  | 'DataDirUnusable'
  | 'DataDirForeign'
  | 'DiskFull'
  | 'SocketPathTooLong'
  | 'DatabaseUnreachable'
  | 'DatabaseUnsuitable'
  | 'DatabasePooled'
  | 'DatabaseStuck'
  | 'DatabaseStartFailed'
  | 'MigrationChanged'
  | 'MigrationMissing'
  | 'DatabaseNewer'
  | 'BackupUnreadable'
  | 'BackupUnwritable'
  | 'DatabaseNotEmpty'

/** The way out that always exists. */
export const ownDatabase = 'or point DATABASE_URL at a PostgreSQL 16 or newer of your own'

export const diskFull = (dir: string, detail: string): Refusal =>
  new Refusal<DatabaseRefusal>(
    'DiskFull',
    `no space left for the database in ${dir} (${detail}): free some, ${ownDatabase}`,
    { field: 'dataDir', dataDir: dir },
  )

/** Whatever was tried in `dir` and failed with these words: a full disk says so in many places. */
export const diskFullOr = (dir: string, text: string, otherwise: () => Refusal): Refusal =>
  /ENOSPC|No space left on device|disk is full|EDQUOT|Disk quota exceeded/i.test(text)
    ? diskFull(dir, text)
    : otherwise()
