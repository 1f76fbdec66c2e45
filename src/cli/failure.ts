// How a command ends: the exit code says what kind of failure it was, stderr says what to do about it.
//   0 done · 1 it failed · 2 refused: nothing was changed, the input or the state must differ · 3 not running · 4 took too long
import { CommanderError } from 'commander'
import { messageOf, Refusal } from '../lib/errors.ts'

export type CliRefusal =
  | 'Unreachable'
  | 'CredentialsMissing'
  | 'CredentialsUnreadable'
  | 'InvalidArgument'
  | 'ConfirmationMissing'
  | 'FileUnreadable'
  | 'InvalidJson'
  | 'InvalidFile'
  | 'WorldChanged'
  | 'UnknownZone'
  | 'GroupNotFound'
  | 'UserNotFound'
  | 'WorkspaceNotFound'

/** `differs` is of `berth diff` alone, whose refusals end with `failed`. */
export const exitCodes = { failed: 1, refused: 2, differs: 2, notRunning: 3, timeout: 4 } as const

/** The server took the work, and it did not come to the wished end; `code` and `message` say why. */
export class WorkFailed extends Error {
  override name = 'WorkFailed'
  readonly exitCode: number

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message)
    this.exitCode = exitCode
  }
}

export function refuse(code: CliRefusal, message: string, field?: string): Refusal<CliRefusal> {
  return new Refusal(code, message, field === undefined ? {} : { field })
}

const notRunningCodes = new Set(['Unreachable', 'CredentialsMissing', 'NotRunning'])

const hints: Record<string, string> = {
  BalanceInsufficient: 'See `berth wallet show`; an operator adds money with `berth wallet top-up <amount>`.',
  AccountInArrears: 'See `berth wallet show`; an operator adds money with `berth wallet top-up <amount>`.',
  UnknownSpec: '`berth offerings` lists what can be bought.',
  NotOffered: '`berth offerings` lists what can be bought.',
  DurationNotSold: '`berth offerings` lists the durations sold.',
  GroupNotFound: '`berth group list` lists the groups of this account.',
  MachineNotFound: '`berth machine list` lists the machines of this account.',
  ServiceNotFound: '`berth service list` lists the services of this account.',
  OrderNotFound: '`berth order list` lists the orders of this account.',
  QuoteExpired: 'Run the command again for a new quote.',
  RenewalConflict: 'Run the command again for a new quote.',
  MachineNotEmpty: 'Drain it first (`berth machine drain`), or stop what runs there with `--force`.',
  Forbidden: '`berth whoami` says who you are; `--as operator` uses the key of the operator.',
}

/** Details that the message does not already say, of those that a line can say. */
function shownDetails(refusal: Refusal): string[] {
  const known = new Set(['field', 'part', 'problems', 'status', 'requestId', 'cause'])
  return Object.entries(refusal.details).flatMap(([name, value]) => {
    const texts = (Array.isArray(value) ? value : [value]).filter(isWord).map(String)
    const unsaid = texts.some(text => !refusal.message.includes(text))
    return known.has(name) || !unsaid ? [] : [`  ${name}: ${texts.join(', ')}`]
  })
}

const isWord = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number'

/** Says on stderr what went wrong, and answers the exit code. */
export function reportFailure(error: unknown, write: (line: string) => void = line => console.error(line)): number {
  // Commander has already said it; help and version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.refused
  if (error instanceof WorkFailed) {
    write(error.message)
    return error.exitCode
  }
  if (!(error instanceof Refusal)) {
    write(`berth: ${messageOf(error)}`)
    return exitCodes.failed
  }
  write(`${error.code}: ${error.message}`)
  for (const line of shownDetails(error)) write(line)
  const hint = hints[error.code]
  if (hint !== undefined) write(hint)
  if (Number(error.details.status ?? 0) >= 500) {
    write(`request ${error.details.requestId}`)
    return exitCodes.failed
  }
  return notRunningCodes.has(error.code) ? exitCodes.notRunning : exitCodes.refused
}
