// What a container runs before its model server: models are fetched, and then another program has its place.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryRoot } from '../../temporary.ts'
import { anOrigin } from './origin.ts'

const program = fileURLToPath(new URL('../../../src/agent/fetch-model.ts', import.meta.url))

async function run(into: string, ...args: string[]) {
  const own = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2', program, '--into', into]
  const child = spawn(process.execPath, [...own, '--allow', '127.0.0.0/8', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await once(child, 'exit')
  const [out, errors] = await said
  return { pid: child.pid, code, out, errors }
}

function aDirectory(): string {
  const directory = mkdtempSync(join(temporaryRoot, 'berth-fetch-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

const then = ['--', '-p', 'JSON.stringify({ pid: process.pid, flags: process.execArgv })']

test('what follows has the place of the process, with the same flags, once the model is there', async () => {
  const into = aDirectory()
  const origin = await anOrigin(Buffer.from('a model'))
  const { pid, code, out } = await run(into, `model=${origin.url}/m.onnx`, ...then)
  expect(code).toBe(0)
  expect(readFileSync(join(into, 'model'), 'utf8')).toBe('a model')
  const last = JSON.parse(out.trim().split('\n').at(-1) ?? '')
  expect(last.pid).toBe(pid)
  expect(last.flags).toContain('--max-semi-space-size=2')
})

test('without the model nothing follows, and the last line says why', async () => {
  const into = aDirectory()
  const origin = await anOrigin(Buffer.from('a model'))
  const { code, out, errors } = await run(into, `model=${origin.url}/m.onnx#sha256=${'0'.repeat(64)}`, ...then)
  expect(code).toBe(1)
  expect(out).not.toContain('"pid"')
  expect(errors.trim().split('\n').at(-1)).toContain('SHA-256')
})
