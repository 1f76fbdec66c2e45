// How the command of a soak ends: by its verdict, and with everything closed that it opened, also where it fails or is stopped.

export const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Ends the process, with 0 only where the soak says that its bounds hold. What it hands to `open` is closed, the last first. */
export async function conclude(soak: (open: AsyncDisposableStack) => Promise<boolean>): Promise<never> {
  const open = new AsyncDisposableStack()
  const { promise: broken, reject } = Promise.withResolvers<never>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => reject(new Error(`stopped by ${signal}`)))
  }
  // The first ends it; what fails after that, since things are being closed under it, is no news.
  process.on('uncaughtException', reject)
  let holds = false
  try {
    holds = await Promise.race([soak(open), broken])
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  }
  await open.disposeAsync()
  process.exit(holds ? 0 : 1)
}
