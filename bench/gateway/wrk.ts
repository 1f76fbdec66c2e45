// Load by wrk: 32 connections that ask again as soon as they are answered.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accessKey, loadCore, smallBytes } from './processes.ts'

export type Kind = '1 KB GET' | '1 KB POST' | '1 MB GET'
export const kinds: readonly Kind[] = ['1 KB GET', '1 KB POST', '1 MB GET']
const connections = 32

/** How many were answered, all of them 200; throws where one was not. */
export async function drive(dir: string, port: number, kind: Kind, seconds: number): Promise<number> {
  const script = join(dir, `${kind.replaceAll(' ', '-')}.lua`)
  const post = kind === '1 KB POST' ? `wrk.method = "POST"; wrk.body = string.rep("x", ${smallBytes})` : ''
  writeFileSync(script, `wrk.headers["Authorization"] = "${accessKey}"; ${post}`)
  const path = `/api/predict/bench/${kind === '1 MB GET' ? 'large' : 'small'}`
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}${path}`]
  const wrk = spawn('taskset', ['-c', String(loadCore), 'wrk', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  wrk.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await once(wrk, 'close')
  const answered = Number(/(\d+) requests in/.exec(said)?.[1] ?? 0)
  if (answered === 0 || /Non-2xx|Socket errors/.test(said)) throw new Error(`wrk at ${path}: ${said}`)
  return answered
}
