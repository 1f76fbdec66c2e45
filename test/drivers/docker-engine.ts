// A real Docker Engine for tests: a dockerd of our own beside whatever the host runs, with its own data, sockets and
// containerd in a temporary directory, no rules in the host's firewall and no bridge but the driver's. Nothing can be pulled
// from outside, so its image is made here, of the Node that runs the tests and the libraries that it needs.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DockerEngine } from '../../src/drivers/docker/engine.ts'
import { until } from '../agent/harness.ts'

export const nodeImage = 'berth-test/node:1'
/** A program of that image. */
export const inNode = (script: string): string[] => ['/node', '-e', script]

/** null where a dockerd can be started; else why not, for the line that says what was skipped. */
export function whyNoDocker(): string | null {
  if (process.platform !== 'linux') return 'a dockerd of our own needs Linux'
  if (process.getuid?.() !== 0) return 'a dockerd of our own needs root'
  if (!existsSync('/usr/sbin/dockerd') && !existsSync('/usr/bin/dockerd'))
    return 'there is no dockerd here (Debian: apt install docker.io)'
  // To mount, and to make networks.
  const [, granted = '0'] = /^CapEff:\s+(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const has = (bit: bigint): boolean => ((BigInt(`0x${granted}`) >> bit) & 1n) === 1n
  return has(21n) && has(12n) ? null : 'root may not mount or make networks here'
}

export class TestDocker {
  readonly directory = mkdtempSync(join(tmpdir(), 'berth-docker-'))
  readonly socketPath = join(this.directory, 'docker.sock')
  readonly engine = new DockerEngine(this.socketPath)
  readonly #liveRestore: boolean
  #process: ChildProcess | null = null

  constructor({ liveRestore = true } = {}) {
    this.#liveRestore = liveRestore
  }

  /** With its image, unless something goes wrong: then nothing is left. */
  static async start(): Promise<TestDocker> {
    const docker = new TestDocker()
    try {
      await docker.up()
      await docker.importNode()
      return docker
    } catch (error) {
      await docker.remove()
      throw error
    }
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  async up(): Promise<void> {
    const at = (name: string): string => join(this.directory, name)
    writeFileSync(at('daemon.json'), '{}') // Not the host's.
    const log = openSync(at('dockerd.log'), 'a')
    const own = [
      '--data-root',
      at('data'),
      '--exec-root',
      at('exec'),
      '--pidfile',
      at('pid'),
      '--config-file',
      at('daemon.json'),
    ]
    const network = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false']
    const pool = ['--default-address-pool', 'base=198.18.0.0/15,size=24']
    const args = [...own, ...network, ...pool, '--host', `unix://${this.socketPath}`]
    const dockerd = spawn('dockerd', [...args, ...(this.#liveRestore ? ['--live-restore'] : [])], {
      stdio: ['ignore', log, log],
    })
    this.#process = dockerd
    await until('dockerd answers', async () => {
      if (dockerd.exitCode !== null) throw new Error(`dockerd ended: ${this.log().slice(-2_000)}`)
      return this.engine.ping().then(
        () => true,
        () => false,
      )
    })
  }

  /** As `systemctl stop docker` does, or as a crash. */
  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const dockerd = this.#process
    if (dockerd === null || dockerd.exitCode !== null || dockerd.signalCode !== null) return
    const gone = once(dockerd, 'exit')
    dockerd.kill(signal)
    await gone
  }

  log = (): string => readFileSync(join(this.directory, 'dockerd.log'), 'utf8')

  /** Everything that it made, and itself. */
  async remove(): Promise<void> {
    if (this.#process?.exitCode === null) {
      for (const { Id } of await this.engine.containers('dev.berth.installation')) await this.engine.remove(Id)
      await this.ask('POST', '/networks/prune')
    }
    await this.down()
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map(line => line.split(' ')[1] ?? '')
    for (const path of mounts.filter(mount => mount.startsWith(`${this.directory}/`)).reverse())
      execFileSync('umount', [path])
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Node, its shared libraries where they are, and a place to be. */
  async importNode(): Promise<void> {
    const root = join(this.directory, 'image')
    for (const directory of ['tmp', 'etc']) mkdirSync(join(root, directory), { recursive: true })
    copyFileSync(realpathSync(process.execPath), join(root, 'node'))
    const libraries = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).match(/\/\S+(?= \(0x)/g) ?? []
    for (const path of libraries) {
      mkdirSync(join(root, dirname(path)), { recursive: true })
      copyFileSync(realpathSync(path), join(root, path))
    }
    const [repo = '', tag = ''] = nodeImage.split(':')
    const tar = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const path = `/images/create?fromSrc=-&repo=${encodeURIComponent(repo)}&tag=${tag}`
    const req = request({ socketPath: this.socketPath, method: 'POST', path, headers: { host: 'docker' } })
    tar.stdout.pipe(req)
    const [res] = await once(req, 'response')
    let said = ''
    for await (const chunk of res) said += chunk
    if (res.statusCode !== 200 || said.includes('"error"')) throw new Error(`the image was not taken: ${said}`)
    rmSync(root, { recursive: true })
  }

  /** A call of the engine that the driver has no use for. */
  async ask(method: string, path: string): Promise<unknown> {
    const req = request({ socketPath: this.socketPath, method, path, headers: { host: 'docker' } })
    req.end()
    const [res] = await once(req, 'response')
    let said = ''
    for await (const chunk of res) said += chunk
    return said === '' ? null : JSON.parse(said)
  }
}
