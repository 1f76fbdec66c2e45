import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

/** A soak of these lines, with something open; what it says in the end. */
async function soak(
  lines: string,
  signal?: NodeJS.Signals,
): Promise<{ code: number; said: string; complained: string }> {
  const command = `import { conclude, say } from ${JSON.stringify(join(import.meta.dirname, 'conclude.ts'))}
    await conclude(async open => {
      open.defer(() => say('closed'))
      say('open')
      ${lines}
    })`
  const child = spawn(process.execPath, ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', command])
  if (signal) child.stdout.once('data', () => child.kill(signal))
  const [said, complained, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, said: said.replaceAll('\n', ' ').trim(), complained }
}

const forever = 'await new Promise(resolve => setTimeout(resolve, 1e9))'

test.each([
  ['its bounds hold', 'return true', 0, ''],
  ['they do not', 'return false', 1, ''],
  ['it fails', "throw new Error('lost')", 1, 'Error: lost'],
  ['something fails beside it', `setTimeout(() => { throw new Error('aside') }); ${forever}`, 1, 'Error: aside'],
  ['nobody waits for what fails', `void Promise.reject(new Error('unheard')); ${forever}`, 1, 'Error: unheard'],
])('a soak closes what it opened and says how it went where %s', async (_, lines, code, complaint) => {
  const ended = await soak(lines)
  expect(ended).toMatchObject({ code, said: 'open closed' })
  expect(ended.complained.split('\n', 1)).toEqual([complaint])
})

test.each(['SIGINT', 'SIGTERM'] as const)('a soak that is stopped by %s closes what it opened', async signal => {
  const ended = await soak(forever, signal)
  expect(ended).toMatchObject({ code: 1, said: 'open closed', complained: expect.stringContaining(signal) })
})
