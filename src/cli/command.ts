// How a command is declared: once, with its example, so that none is without help, --json and a way to say who asks.
import type { Command } from 'commander'
import { choice, number } from './arguments.ts'
import { type ApiCommandOptions, openSession, type Role, type Session } from './session.ts'

export interface CommonOptions {
  json: boolean
  as: Role
}

export interface AskingOptions {
  yes: boolean
}

export interface WaitingOptions {
  wait: boolean
  /** Seconds. */
  timeout: number
}

export interface Call<Options> {
  session: Session
  api: ApiCommandOptions
  args: string[]
  options: Options & CommonOptions
}

export interface Declaration<Options> {
  /** `show <group>`, as commander takes it. */
  usage: string
  summary: string
  /** Whole command lines. */
  examples: string[]
  options?: [flags: string, summary: string, parse?: (text: string, before: unknown) => unknown][]
  /** Costs money or ends something: --yes. */
  asks?: boolean
  /** Long work: --no-wait and --timeout. */
  waits?: boolean
  /** What its noun does with an argument that names none of the noun's commands. */
  byDefault?: boolean
  /** Whose key is taken when --as says nothing. */
  as?: Role
  run(call: Call<Options>): Promise<void>
}

const roles = ['owner', 'operator'] as const
const timeoutSeconds = 600

export class CommandTree {
  readonly #parent: Command
  readonly #api: ApiCommandOptions

  constructor(parent: Command, api: ApiCommandOptions) {
    this.#parent = parent
    this.#api = api
  }

  /** A noun that has commands below it. */
  noun(name: string, summary: string): CommandTree {
    return new CommandTree(this.#parent.command(name).description(summary), this.#api)
  }

  add<Options = Record<never, never>>(declaration: Declaration<Options>): this {
    const isDefault = declaration.byDefault ?? false
    const command = this.#parent.command(declaration.usage, { isDefault }).description(declaration.summary)
    for (const [flags, summary, parse] of declaration.options ?? []) {
      if (parse) command.option(flags, summary, parse)
      else command.option(flags, summary)
    }
    if (declaration.asks) command.option('--yes', 'do not ask', false)
    if (declaration.waits) {
      command.option('--no-wait', 'do not wait until it is done')
      command.option('--timeout <seconds>', 'how long to wait', number('timeout'), timeoutSeconds)
    }
    command.option('--json', "print the API's JSON", false)
    const as = declaration.as ?? 'owner'
    command.option('--as <who>', 'with the key of the owner or the operator', choice('as', roles), as)
    const examples = declaration.examples.map(example => `  $ ${example}`).join('\n')
    command.addHelpText('after', `\nExample${declaration.examples.length > 1 ? 's' : ''}:\n${examples}`)
    command.action(async () => {
      const options = command.opts<Options & CommonOptions>()
      await declaration.run({
        session: openSession(this.#api, options.as),
        api: this.#api,
        args: command.args,
        options,
      })
    })
    return this
  }
}
