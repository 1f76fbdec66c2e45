// The service instances of the soak, one process with a port for each: echo, slow answers, event streams, upgraded connections,
// and answers that break off.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tellSockets } from './sockets.ts'

const [count = 1] = process.argv.slice(2).map(Number)
const slowMs = 300
const eventMs = 400
const events = 5

function answer(request: IncomingMessage, response: ServerResponse): void {
  const kind = /\/(slow|events|broken)/.exec(request.url ?? '')?.[1]
  if (kind === 'slow') setTimeout(() => response.end('late'), slowMs)
  else if (kind === 'events') stream(response)
  else if (kind === 'broken') {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half')
    setTimeout(() => response.socket?.resetAndDestroy(), 5)
  } else {
    response.writeHead(200)
    request.pipe(response)
  }
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let told = 0
  const timer = setInterval(() => {
    response.write(`data: ${++told}\n\n`)
    if (told === events) response.end()
  }, eventMs)
  response.once('close', () => clearInterval(timer))
}

const ports: number[] = []
for (let n = 0; n < count; n++) {
  const server = createServer(answer)
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    socket.pipe(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  ports.push((server.address() as AddressInfo).port)
}
tellSockets()
process.on('disconnect', () => process.exit(0))
process.send?.({ ports })
