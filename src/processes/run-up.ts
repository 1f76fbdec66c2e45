// `berth up` in a terminal: says what it does, stays, and stops all in order on Ctrl-C.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/config.ts'
import { defaultConfigYaml, hostFacts } from '../config/default.ts'
import { systemClock } from '../lib/clock.ts'
import { createLog } from '../lib/log.ts'
import { status } from './down.ts'
import { credentialsPath } from './run-state.ts'
import { up } from './up.ts'

export async function runUp({ config, env }: { config: Config; env: NodeJS.ProcessEnv }): Promise<void> {
  const before = await status(config.dataDir)
  if (before.running) {
    console.log(`Berth is running already (process ${before.processes[0]?.pid}).`)
    console.log(`  API      ${before.state?.apiUrl}`)
    console.log(`  gateway  ${before.state?.gatewayUrl}`)
    return
  }
  const docker = await dockerOf(config)
  keepConfig(config)
  let reload = () => {}
  let replaceGateway = () => {}
  const stopped = new Promise<string>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal))
    // A terminal that closes ends what ran in it, in order; without one it is the word of `systemctl reload`.
    process.on('SIGHUP', () => (process.stdin.isTTY ? resolve('SIGHUP') : reload()))
    process.on('SIGUSR2', () => replaceGateway())
  })
  // Children and sockets hold no reference, so that they never keep a supervisor that wants to end.
  const stay = setInterval(() => {}, 2 ** 30)
  const began = systemClock.monotonicMs()
  const say = (line: string) =>
    console.log(`  ${((systemClock.monotonicMs() - began) / 1000).toFixed(1).padStart(5)} s  ${line}`)
  console.log(`Berth ${config.version}, data in ${config.dataDir}`)
  if (docker !== null) console.log(docker)
  try {
    const running = await up({ config, env, clock: systemClock, log: createLog('supervisor', 'warn'), say })
    reload = () => running.reload()
    replaceGateway = () => running.replaceGateway()
    console.log(`\n  API          ${running.state.apiUrl}`)
    console.log(`  gateway      ${running.state.gatewayUrl}/api/predict/<service>`)
    console.log(`  access keys  ${credentialsPath(config.dataDir)}`)
    console.log('\nCtrl-C stops everything, services last.')
    await stopped
    console.log('\nstopping …')
    await running.stop()
    console.log('stopped.')
  } finally {
    clearInterval(stay)
  }
}

/** One line on Docker where a region needs it; refused where there is none. */
async function dockerOf({ catalog, docker }: Config): Promise<string | null> {
  if (!catalog.regions.some(({ engine }) => engine === 'docker')) return null
  const { describeDocker } = await import('../drivers/docker/host.ts')
  return describeDocker(docker.socketPath)
}

/** The first start writes down what it derived from this host, so that there is a file to change. */
function keepConfig(config: Config): void {
  if (config.fromFile || existsSync(config.configPath)) return
  mkdirSync(dirname(config.configPath), { recursive: true })
  writeFileSync(config.configPath, defaultConfigYaml(hostFacts()), { flag: 'wx' })
}
