// Calls a service through the gateway as its users do: with the service's access key, and whatever it answers is printed.
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { messageOf } from '../../lib/errors.ts'
import type { CommandTree } from '../command.ts'
import { exitCodes, refuse, WorkFailed } from '../failure.ts'
import { printLine } from '../output.ts'

interface InvokeOptions {
  file?: string
  data?: string
  path?: string
  method?: string
  header?: string[]
}

const mediaTypes: Record<string, string> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.json': 'application/json',
  '.txt': 'text/plain',
}

function bodyOf({ file, data }: InvokeOptions): { body: Buffer; mediaType: string } | null {
  if (file !== undefined && data !== undefined)
    throw refuse('InvalidArgument', 'data: give either --file or --data', 'data')
  if (data !== undefined) return { body: Buffer.from(data), mediaType: 'application/json' }
  if (file === undefined) return null
  return { body: readFile(file), mediaType: mediaTypes[extname(file).toLowerCase()] ?? 'application/octet-stream' }
}

export function readFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw refuse('FileUnreadable', `${path} can't be read (${(error as NodeJS.ErrnoException).code})`, 'file')
  }
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map(line => {
      const [, name = '', value = ''] = /^([\w-]+):\s*(.*)$/.exec(line) ?? []
      if (name === '') throw refuse('InvalidArgument', `header: expected "name: value", got "${line}"`, 'header')
      return [name.toLowerCase(), value]
    }),
  )
}

export function addInvokeCommand(tree: CommandTree): void {
  tree.add<InvokeOptions>({
    usage: 'invoke <service>',
    summary: 'call a service through the gateway, with its access key',
    examples: [
      'berth invoke digits --file examples/digits/pictures/7-a.png',
      'berth invoke digits --path /v2/models/digits',
      `berth invoke digits --path /v2/models/digits/infer --data '{"inputs":[…]}'`,
    ],
    options: [
      ['--file <path>', 'send this file; its type follows from its name'],
      ['--data <json>', 'send this JSON'],
      ['--path <path>', 'path below the service'],
      ['--method <method>', 'POST with a body, else GET'],
      [
        '--header <header>',
        '"name: value"; may be repeated',
        (text, before) => [...((before as string[]) ?? []), text],
      ],
    ],
    async run({ session, args: [service = ''], options }) {
      const content = bodyOf(options)
      const given = headersOf(options.header ?? [])
      const key = await session.call('GET /v1/services/{service}/access-key', { params: { service } })
      const endpoint = new URL(key.endpoint)
      const base = session.gatewayUrl === null ? key.endpoint : new URL(endpoint.pathname, session.gatewayUrl).href
      const path = options.path ?? ''
      const url = `${base}${path === '' || path.startsWith('/') ? path : `/${path}`}`
      const response = await fetch(url, {
        method: options.method ?? (content ? 'POST' : 'GET'),
        headers: {
          authorization: key.accessKey,
          ...(content ? { 'content-type': content.mediaType } : {}),
          ...given,
        },
        body: content ? new Uint8Array(content.body) : null,
      }).catch((error: unknown) => {
        const cause = error instanceof Error ? (error.cause ?? error) : error
        throw new WorkFailed(
          `Unreachable: the gateway does not answer at ${url} (${messageOf(cause)}).`,
          exitCodes.notRunning,
        )
      })
      const text = await response.text()
      printLine(text.replace(/\n$/, ''))
      if (!response.ok) throw new WorkFailed(`The answer is HTTP ${response.status}.`)
    },
  })
}
