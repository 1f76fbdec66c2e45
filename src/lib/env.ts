/** The process's environment, for entries that are not configured by `config.ts`; read once, at the start. */
export function environment(): NodeJS.ProcessEnv {
  return process.env
}
