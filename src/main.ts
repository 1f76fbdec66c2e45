// The command line: `berth <command>`. Commands of processes are here; those that talk to the API are in cli/.

import { Command } from 'commander'
import { reportFailure } from './cli/failure.ts'
import { type Config, loadConfig, processEnvironment } from './config/config.ts'
import { silentLog } from './lib/log.ts'
import { credentialsPath, readRunState } from './processes/run-state.ts'

interface Global {
  config?: string
}

const program = new Command('berth')
  .description('Dedicated resource groups for model serving, on your own machines.')
  .option('-c, --config <path>', 'berth.yaml (default: in the data directory; BERTH_CONFIG, BERTH_HOME)')
  .showHelpAfterError('(berth --help lists the commands)')
  .exitOverride()

const configOf = (env = processEnvironment()): Config => {
  const { config } = program.opts<Global>()
  return loadConfig({ env, ...(config === undefined ? {} : { path: config }) })
}

program
  .command('up')
  .description('start everything on this host and stay: PostgreSQL, agent, control, gateway')
  .option('--insecure', 'listen on public addresses without TLS: for a network that is yours')
  .action(async ({ insecure }: { insecure?: boolean }) => {
    const given = processEnvironment()
    const env = insecure ? { ...given, BERTH_INSECURE: 'true' } : given
    const { runUp } = await import('./processes/run-up.ts')
    await runUp({ config: configOf(env), env })
  })

program
  .command('down')
  .description('stop everything, services last')
  .action(async () => {
    const { down } = await import('./processes/down.ts')
    console.log((await down(configOf().dataDir, silentLog)) ? 'Berth is stopped.' : 'Berth is not running.')
  })

program
  .command('status')
  .description('say what runs')
  .option('--json', 'as JSON')
  .action(async ({ json }: { json?: boolean }) => {
    const { status } = await import('./processes/down.ts')
    const { printStatus } = await import('./cli/output.ts')
    const found = await status(configOf().dataDir)
    printStatus(found, json ?? false)
    if (!found.running) process.exitCode = 3
  })

program
  .command('gateway')
  .description('the gateway of this host')
  .command('reload')
  .description('replace it by one of the code and settings on disk; no request fails, the old one finishes what it has')
  .action(async () => {
    const { reloadGateway } = await import('./processes/reload-gateway.ts')
    console.log(await reloadGateway(configOf().dataDir))
  })

program
  .command('uninstall')
  .description('remove what `up` made; the data stays unless --data')
  .option('--data', 'also the database, bills, logs and keys')
  .option('--yes', 'do not ask')
  .action(async ({ data, yes }: { data?: boolean; yes?: boolean }) => {
    const { uninstall } = await import('./processes/down.ts')
    for (const path of await uninstall(configOf().dataDir, { data: data ?? false, yes: yes ?? false }))
      console.log(`removed ${path}`)
  })

program
  .command('serve')
  .description('run one role in the foreground: what `up` starts, and what runs apart (docs/roles.md)')
  .requiredOption('--role <role>', 'api, controller, control (both), gateway or agent')
  .action(async ({ role }: { role: string }) => {
    const { serve } = await import('./serve.ts')
    await serve(role, configOf())
  })

program
  .command('backup <file>')
  .description('write every table and the key of secrets to one file, from one snapshot')
  .action(async (file: string) => {
    const { runBackup } = await import('./processes/run-backup.ts')
    await runBackup(configOf(), file)
  })

program
  .command('restore <file>')
  .description('bring a backup back into an empty installation')
  .action(async (file: string) => {
    const { runRestore } = await import('./processes/run-backup.ts')
    await runRestore(configOf(), file)
  })

program
  .command('recover [user]')
  .description(
    'make another access key by way of the database: the first one of roles that run apart, or one for who lost all',
  )
  .option('--account <account>', 'whose user it is (default: platform, of which the operator is)')
  .action(async (user: string | undefined, { account }: { account?: string }) => {
    const { recover } = await import('./recover.ts')
    await recover(configOf(), user ?? 'operator', account)
  })

program
  .command('verify')
  .description('check every invariant of money, machines and services, and the chain of the ledger')
  .action(async () => {
    const { verify } = await import('./verify.ts')
    if (!(await verify(configOf()))) process.exitCode = 1
  })

program
  .command('doctor')
  .description('look whether what Berth stands on is as it needs it')
  .requiredOption('--kubernetes', 'the cluster of berth.yaml: reach, version, permissions, nodes')
  .action(async () => {
    const { examineKubernetes } = await import('./doctor.ts')
    if (!(await examineKubernetes(configOf()))) process.exitCode = 1
  })

// Processes that stay do not keep in memory what they never run.
if (!['up', 'serve'].includes(process.argv[2] ?? '')) {
  const { addApiCommands } = await import('./cli/main.ts')
  addApiCommands(program, {
    credentialsFile: () => credentialsPath(configOf().dataDir),
    apiUrl: () => readRunState(configOf().dataDir)?.apiUrl ?? null,
    gatewayUrl: () => readRunState(configOf().dataDir)?.gatewayUrl ?? null,
  })
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = reportFailure(error)
}
