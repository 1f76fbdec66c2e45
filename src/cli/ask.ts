// Consent: what costs money or ends something is done after a yes, given on the terminal or beforehand with --yes.
import { createInterface } from 'node:readline/promises'
import { exitCodes, refuse, WorkFailed } from './failure.ts'

/** Returns when there is consent; throws when there is none. */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw refuse('ConfirmationMissing', `${question} There is no terminal to ask on: say so with --yes.`)
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${question} [y/N] `).finally(() => terminal.close())
  if (!/^y(es)?$/i.test(answer.trim())) throw new WorkFailed('Nothing was done.', exitCodes.refused)
}
