// The database of this installation, for commands that need it whether Berth runs or not.
import type { Config } from '../config/config.ts'
import { startEmbedded } from '../db/embedded.ts'
import { silentLog } from '../lib/log.ts'
import { isRunning, readRunState } from './run-state.ts'

/** The URL of the database: given, or of the one that runs, or of one that is started and stopped again. */
export async function withDatabase<T>(config: Config, work: (url: string) => Promise<T>): Promise<T> {
  if (config.databaseUrl !== null) return work(config.databaseUrl)
  const state = readRunState(config.dataDir)
  if (state?.databaseUrl && (await isRunning(state.processes.supervisor))) return work(state.databaseUrl)
  const postgres = await startEmbedded({ dataDir: config.dataDir, log: silentLog })
  try {
    return await work(postgres.url)
  } finally {
    await postgres.stop()
  }
}
