// Brings what a model server reads before it starts, where no agent does: in a pod or a container, before its program.
//   node src/agent/fetch-model.ts --into /models [--allow 10.0.0.0/8] model=https://… [warm_up=https://…] [-- src/model-server/main.ts …]
// What a URL gave stands then under its name. The last line of its log says why there is none. What follows `--` gets Node
// with the same flags, and the place of this process.
import { link, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import { createLog } from '../lib/log.ts'
import { parseModelUrl } from '../lib/model-url.ts'
import { ModelFetcher } from './models/model-fetcher.ts'
import { fetchLimits } from './models/model-settings.ts'

const text = { type: 'string' } as const

async function main(args: string[]): Promise<void> {
  const options = { into: text, allow: { ...text, multiple: true, default: [] as string[] } } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  if (!values.into) throw new Error('--into <directory> is missing')
  const { into } = values
  const fetcher = new ModelFetcher({
    settings: { allowPrivate: values.allow, stores: [] },
    // The volume is the pod's own, and bounded by the cluster.
    limits: { ...fetchLimits, hostReserveBytes: 0 },
    ...{ clock: systemClock, log: createLog('fetch-model') },
  })
  for (const wanted of positionals) {
    const [, name = '', url = ''] = /^([a-z_]+)=(.+)$/s.exec(wanted) ?? []
    const source = parseModelUrl(url)
    if (name === '' || 'problem' in source || source.kind !== 'web') throw new Error('give each as name=https://…')
    const path = await fetcher.fetch(into, source, new AbortController().signal, () => {})
    await rm(join(into, name), { force: true })
    await link(path, join(into, name))
    fetcher.release(path)
  }
}

const given = process.argv.slice(2)
const end = given.indexOf('--')
const then = end === -1 ? [] : given.slice(end + 1)
try {
  await main(end === -1 ? given : given.slice(0, end))
  if (then.length > 0) process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...then])
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}
