// A real PgBouncer before a server of the tests, where there is one on this host.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isPooled } from '../../src/db/pooler.ts'
import { until } from '../installation.ts'
import { freePort } from '../role-processes.ts'
import { CuttingProxy } from '../soak/controllers/cutting-proxy.ts'

/** Why there is none, or null. */
export function noPgBouncer(): string | null {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' })
    return null
  } catch {
    return 'no pgbouncer on this host (Debian: apt-get install pgbouncer)'
  }
}

export interface PgBouncer {
  url: string
  close(): Promise<void>
}

/** Before the database of this URL, which lies behind a unix socket. */
export async function startPgBouncer(databaseUrl: string, poolMode: 'transaction' | 'session'): Promise<PgBouncer> {
  const { searchParams, pathname, username } = new URL(databaseUrl)
  // The socket is its owner's alone; PgBouncer, which refuses to be root, comes by another way.
  const way = new CuttingProxy(`${searchParams.get('host')}/.s.PGSQL.${searchParams.get('port')}`)
  await way.listen()
  const directory = mkdtempSync(join(tmpdir(), 'berth-pgbouncer-'))
  chmodSync(directory, 0o755)
  const port = await freePort()
  const ini = join(directory, 'pgbouncer.ini')
  const users = join(directory, 'users.txt')
  writeFileSync(users, `"${username}" ""\n`)
  const lines = [
    `[databases]\n* = host=127.0.0.1 port=${new URL(way.url).port}`,
    `[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =`,
    `auth_type = trust\nauth_file = ${users}\npool_mode = ${poolMode}\ndefault_pool_size = 15\nmax_client_conn = 300`,
  ]
  writeFileSync(ini, `${lines.join('\n')}\n`)
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const child: ChildProcess = spawn('pgbouncer', [ini], { stdio: ['ignore', 'ignore', 'pipe'], ...nobody })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk
  })
  const url = `postgresql://${username}@127.0.0.1:${port}${pathname}`
  const close = async () => {
    const gone = new Promise(resolve => child.once('exit', resolve))
    if (child.exitCode === null) {
      child.kill('SIGKILL')
      await gone
    }
    await way.close()
    rmSync(directory, { recursive: true, force: true })
  }
  const answers = () => isPooled(url).catch(() => false)
  await until('PgBouncer answers', answers, 10_000).catch(async error => {
    await close()
    throw new Error(`${error}: ${said}`)
  })
  return { url, close }
}
