// Clients that mean no good, as a process of their own: sockets that say nothing, heads and bodies that drip in, answers that
// nobody reads, bodies without end, heads too large. Whoever is closed comes again at once. Arguments: port; seconds; sockets that are slow.
// From four addresses, so that the limit of one address protects nobody. Prints, as JSON, how often each kind was answered what.
import { connect, type Socket } from 'node:net'
import { accessKey } from './processes.ts'

/** By kind, by status ('closed': without a word). */
export type Flooded = Record<string, Record<string, number>>

const [port = 0, seconds = 0, slow = 0] = process.argv.slice(2).map(Number)
const dripMs = 1_000
const againMs = 100
/** They come one after the other: a flood that comes at once is over at once. */
const comingMs = 2_000
const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']
const flooded: Flooded = {}
const sockets = new Set<Socket>()
let from = 0
let over = false

const head = (method: string, more: string): string =>
  `${method} /api/predict/bench/${method === 'GET' ? 'large' : 'small'} HTTP/1.1\r\nHost: g\r\nAuthorization: ${accessKey}\r\n${more}`
const block = Buffer.alloc(64 * 1024, 'x')
const chunk = Buffer.concat([Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from('\r\n')])

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('a'), dripMs)
  socket.once('close', () => clearInterval(timer))
}

/** As fast as they are taken. */
function pour(socket: Socket): void {
  const more = (): void => {
    while (socket.writable && socket.write(chunk));
  }
  socket.on('drain', more)
  more()
}

interface Kind {
  name: string
  sockets: number
  begin(socket: Socket): void
}

const notRead = 'answer not read'
const kinds: Kind[] = [
  { name: 'silent', sockets: slow * 0.25, begin: () => {} },
  {
    name: 'slow head',
    sockets: slow * 0.375,
    begin: socket => {
      socket.write(head('GET', 'X-Slow: '))
      drip(socket)
    },
  },
  {
    name: 'slow body',
    sockets: slow * 0.175,
    begin: socket => {
      socket.write(head('POST', 'Content-Length: 100000\r\n\r\nx'))
      drip(socket)
    },
  },
  {
    name: 'stopped body',
    sockets: slow * 0.175,
    begin: socket => socket.write(head('POST', 'Content-Length: 100000\r\n\r\nx')),
  },
  {
    name: notRead,
    sockets: slow * 0.025,
    begin: socket => {
      socket.pause()
      socket.write(head('GET', '\r\n'))
    },
  },
  {
    name: 'endless body',
    sockets: 4,
    begin: socket => {
      socket.write(head('POST', 'Transfer-Encoding: chunked\r\n\r\n'))
      pour(socket)
    },
  },
  { name: 'large head', sockets: 4, begin: socket => socket.write(head('GET', `X: ${'a'.repeat(64 * 1024)}`)) },
  { name: 'many fields', sockets: 4, begin: socket => socket.write(head('GET', `${'X: a\r\n'.repeat(1_000)}\r\n`)) },
  { name: 'long target', sockets: 4, begin: socket => socket.write(`GET /${'a'.repeat(64 * 1024)}`) },
]

function attack(kind: Kind): void {
  if (over) return
  const socket = connect({ host: '127.0.0.1', port, localAddress: addresses[from++ % addresses.length] })
  sockets.add(socket)
  let answered = ''
  socket.on('connect', () => kind.begin(socket))
  socket.on('data', bytes => {
    if (answered === '') answered = /^HTTP\/1\.1 (\d{3})/.exec(bytes.toString('latin1'))?.[1] ?? 'no status'
  })
  socket.on('error', error => {
    if (answered === '') answered = (error as NodeJS.ErrnoException).code ?? 'error'
  })
  socket.on('close', () => {
    sockets.delete(socket)
    if (over) return
    const counts = flooded[kind.name] ?? {}
    flooded[kind.name] = counts
    const status = answered === '' ? 'closed' : answered
    counts[status] = (counts[status] ?? 0) + 1
    setTimeout(() => attack(kind), againMs)
  })
}

for (const kind of kinds) {
  for (let n = 0; n < kind.sockets; n++) setTimeout(() => attack(kind), (n / kind.sockets) * comingMs)
}
const endsAtMs = performance.now() + seconds * 1_000
/** However long it takes: those that say nothing, or read nothing, need not be told. */
const allAnswered = (): boolean =>
  kinds.every(({ name }) => name === notRead || name === 'silent' || flooded[name] !== undefined)
const timer = setInterval(() => {
  if (performance.now() < endsAtMs || !allAnswered()) return
  clearInterval(timer)
  over = true
  for (const socket of sockets) socket.destroy()
  process.stdout.write(JSON.stringify(flooded), () => process.exit(0))
}, 100)
