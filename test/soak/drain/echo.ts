// The service of the drain soak. It writes each execution down, before it works on it and after its answer is handed over, with
// the version it runs as: what counts in the end is this log and not what clients believe.
import { openSync, writeSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { bodyOf, eventOf, lastEventOf } from './content.ts'

const { PORT, HOST, VERSION, BERTH_INSTANCE_ID, LOG_DIRECTORY } = process.env
const log = openSync(`${LOG_DIRECTORY}/${BERTH_INSTANCE_ID}.log`, 'a')
const write = (word: string, id: string): void => void writeSync(log, `${word} ${id} ${VERSION}\n`)

async function bodyIn(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function stream(res: ServerResponse, id: string, events: number, everyMs: number): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  let sent = 0
  res.write(eventOf(id, sent++))
  const timer = setInterval(() => {
    if (sent < events) {
      res.write(eventOf(id, sent++))
      return
    }
    clearInterval(timer)
    write('end', id)
    res.end(lastEventOf(id, sent))
  }, everyMs)
  // Cut off: it has begun and never ends, which the log shows.
  res.once('close', () => clearInterval(timer))
}

async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://here')
  const number = (name: string): number => Number(url.searchParams.get(name))
  const id = url.searchParams.get('id')
  if (id === null) return void res.end('ok')
  write('begin', id)
  if (url.pathname === '/stream') return stream(res, id, number('events'), number('everyMs'))
  const body = await bodyIn(req)
  if (!body.equals(bodyOf(id, number('bytes')))) write('torn', id)
  setTimeout(() => {
    write('end', id)
    res.end(bodyOf(`answer ${id}`, number('answerBytes')))
  }, number('ms'))
}

const server = createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
  serve(req, res).catch(() => res.destroy())
}).listen(Number(PORT), HOST)

// Nobody may be connected by now.
process.once('SIGTERM', () => {
  server.getConnections((_, open) => {
    write('told', String(open))
    process.exit(0)
  })
})
