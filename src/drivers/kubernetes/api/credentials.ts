// What proves to the API server who we are. A file is read again every minute; a plugin is asked again when what it gave ends
// or is refused, by one call at a time.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Clock } from '../../../lib/clock.ts'
import { messageOf, Refusal } from '../../../lib/errors.ts'
import type { ClusterAccess, ExecPlugin } from './kubeconfig.ts'

export interface Proof {
  headers: Record<string, string>
  certificate: { cert: string; key: string } | null
}

interface Kept {
  proof: Proof
  untilMs: number
}

const fileForMs = 60_000
const pluginTimeoutMs = 60_000
/** Asked anew so long before it ends. */
const beforeEndMs = 10_000

const bearer = (value: string): Proof => ({ headers: { authorization: `Bearer ${value.trim()}` }, certificate: null })

export class Credentials {
  readonly #access: ClusterAccess
  readonly #clock: Clock
  readonly #env: NodeJS.ProcessEnv
  #kept: Kept | null = null
  #asked: Promise<Kept> | null = null

  constructor(access: ClusterAccess, clock: Clock, env: NodeJS.ProcessEnv) {
    this.#access = access
    this.#clock = clock
    this.#env = env
  }

  async proof(): Promise<Proof> {
    if (this.#kept !== null && this.#clock.monotonicMs() < this.#kept.untilMs) return this.#kept.proof
    this.#asked ??= this.#find().finally(() => {
      this.#asked = null
    })
    this.#kept = await this.#asked
    return this.#kept.proof
  }

  /** It was refused. Whether another try with what is found then makes sense. */
  refused(): boolean {
    const { kind } = this.#access.login
    this.#kept = null
    return kind === 'exec' || kind === 'bearer-file'
  }

  async #find(): Promise<Kept> {
    const { login } = this.#access
    const forEver = (proof: Proof): Kept => ({ proof, untilMs: Number.POSITIVE_INFINITY })
    switch (login.kind) {
      case 'none':
        return forEver({ headers: {}, certificate: null })
      case 'certificate':
        return forEver({ headers: {}, certificate: { cert: login.certificate, key: login.key } })
      case 'bearer':
        return forEver(bearer(login.value))
      case 'basic': {
        const pair = Buffer.from(`${login.username}:${login.password}`).toString('base64')
        return forEver({ headers: { authorization: `Basic ${pair}` }, certificate: null })
      }
      case 'bearer-file':
        return { proof: bearer(await readFile(login.path, 'utf8')), untilMs: this.#clock.monotonicMs() + fileForMs }
      case 'exec':
        return this.#ask(login.plugin)
    }
  }

  async #ask(plugin: ExecPlugin): Promise<Kept> {
    const given = execStatus(await this.#run(plugin), plugin.command)
    const ends = given.expirationTimestamp ? Temporal.Instant.from(given.expirationTimestamp) : null
    const leftMs =
      ends === null ? Number.POSITIVE_INFINITY : ends.epochMilliseconds - this.#clock.now().epochMilliseconds
    const proof: Proof = {
      headers: given.token ? bearer(given.token).headers : {},
      certificate:
        given.clientCertificateData && given.clientKeyData
          ? { cert: given.clientCertificateData, key: given.clientKeyData }
          : null,
    }
    return { proof, untilMs: this.#clock.monotonicMs() + leftMs - beforeEndMs }
  }

  #run({ command, args, env, apiVersion, installHint, provideClusterInfo }: ExecPlugin): Promise<string> {
    const spec = { interactive: false, ...(provideClusterInfo ? { cluster: clusterInfo(this.#access) } : {}) }
    const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec })
    const more = Object.fromEntries(env.map(({ name, value }) => [name, value]))
    const options = { env: { ...this.#env, ...more, KUBERNETES_EXEC_INFO: info }, timeout: pluginTimeoutMs }
    return new Promise((resolve, reject) => {
      execFile(command, args, options, (error, stdout, stderr) => {
        if (error === null) return resolve(stdout)
        const hint = 'code' in error && (error.code as unknown) === 'ENOENT' && installHint ? ` ${installHint}` : ''
        const said = stderr.trim().slice(0, 500) || messageOf(error)
        reject(new Refusal('KubernetesConfig', `the credential plugin ${command} failed: ${said}${hint}`, { command }))
      })
    })
  }
}

interface ExecStatus {
  token?: string
  clientCertificateData?: string
  clientKeyData?: string
  expirationTimestamp?: string
}

/** What a plugin printed. */
export function execStatus(text: string, command: string): ExecStatus {
  let printed: { kind?: string; status?: ExecStatus } | null = null
  try {
    printed = JSON.parse(text)
  } catch {
    // Told below.
  }
  const status = printed?.kind === 'ExecCredential' ? printed.status : undefined
  const whole = status?.token || (status?.clientCertificateData && status.clientKeyData)
  if (status && whole) return status
  const message = `the credential plugin ${command} printed no ExecCredential with a token, or a certificate and its key`
  throw new Refusal('KubernetesConfig', message, { command })
}

const clusterInfo = ({ server, ca, serverName, skipTlsVerify, proxyUrl }: ClusterAccess) => ({
  server: server.href.replace(/\/$/, ''),
  ...(ca === null ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
  ...(serverName === null ? {} : { 'tls-server-name': serverName }),
  ...(skipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
  ...(proxyUrl === null ? {} : { 'proxy-url': proxyUrl }),
})
