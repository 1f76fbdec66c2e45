// A model server as a service instance runs it: a process of its own, told its port by PORT.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'

export const root = join(import.meta.dirname, '../..')
export const digitsModel = join(root, 'examples/digits/model.onnx')

export interface Served {
  url: string
  port: number
  process: ChildProcess
  /** Resolves with the first log line, past or to come, that has this message. */
  logged(message: string): Promise<Record<string, unknown>>
  exited: Promise<{ code: number | null; signal: string | null }>
  stop(): Promise<void>
}

export function spawnModelServer(args: string[]): ChildProcess {
  return spawn(process.execPath, [join(root, 'src/model-server/main.ts'), ...args], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

export async function serve(modelPath: string, name: string, more: string[] = []): Promise<Served> {
  const child = spawnModelServer(['--model', modelPath, '--name', name, ...more])
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const lines: Record<string, unknown>[] = []
  const waiting: { message: string; found: (line: Record<string, unknown>) => void }[] = []
  let complaints = ''
  child.stderr?.on('data', chunk => {
    complaints += chunk
  })
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', text => {
      const line: Record<string, unknown> = JSON.parse(text)
      lines.push(line)
      for (const { message, found } of waiting) if (line.msg === message) found(line)
    })
  }
  const logged = (message: string) =>
    new Promise<Record<string, unknown>>((found, lost) => {
      const past = lines.find(line => line.msg === message)
      if (past) return found(past)
      waiting.push({ message, found })
      exited.then(end => lost(new Error(`ended ${JSON.stringify(end)} without "${message}": ${complaints}`)))
    })
  const url = String((await logged('model server ready')).address)
  return {
    url,
    port: Number(new URL(url).port),
    process: child,
    logged,
    exited,
    async stop() {
      child.kill('SIGTERM')
      expect(await exited).toEqual({ code: 0, signal: null })
    },
  }
}

export const mediaTypeOf = (file: string): string => (file.endsWith('.png') ? 'image/png' : 'image/jpeg')

export interface Answer {
  status: number
  headers: Headers
  body: Record<string, unknown>
}

export async function post(url: string, mediaType: string, body: string | Uint8Array): Promise<Answer> {
  const content = typeof body === 'string' ? body : new Uint8Array(body)
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': mediaType }, body: content })
  return { status: response.status, headers: response.headers, body: Object(await response.json()) }
}
