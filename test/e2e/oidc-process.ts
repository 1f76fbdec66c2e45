// The identity provider of the API's tests as a process beside a Berth: told where the browser comes back once that is known.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../api/oidc-provider.mjs', import.meta.url))

export class OidcProcess {
  readonly issuer: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, issuer: string) {
    this.#child = child
    this.issuer = issuer
  }

  static async start(): Promise<OidcProcess> {
    const child = fork(program, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    const [told] = (await once(child, 'message')) as [{ issuer: string }]
    return new OidcProcess(child, told.issuer)
  }

  /** For `berth.yaml`. */
  get yaml(): string {
    return `oidc:\n  issuer: ${this.issuer}\n  clientId: berth\n  clientSecret: a secret of the test\n`
  }

  async returnTo(redirectUrl: string): Promise<void> {
    this.#child.send({ issuer: this.issuer, redirectUrl })
    await once(this.#child, 'message')
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}
