// A service whose executions are counted outside of its pods: before it works on a request and after its answer is handed
// over it says so to a witness on this host, over one connection for its life. What counts in the end is the witness's word.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** Ends as good programs do: it takes no more, answers what it has, and goes. */
export const countedProgram = `
const http = require('node:http'), net = require('node:net')
const { PORT, HOST, WITNESS } = process.env
const [host, port] = WITNESS.split(':')
const witness = net.connect(Number(port), host)
const write = (word, id) => witness.write(word + ' ' + id + '\\n')
const server = http.createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
  if (req.method === 'GET') return res.end('ok')
  let text = ''
  req.on('data', part => (text += part))
  req.on('end', () => {
    const { id, ms } = JSON.parse(text)
    write('begin', id)
    setTimeout(() => { write('end', id); res.end(id) }, ms)
  })
})
witness.once('connect', () => server.listen(Number(PORT), HOST, () => console.log('started')))
witness.on('error', error => { console.error('no witness: ' + error.message); process.exit(1) })
process.once('SIGTERM', () => server.close(() => witness.end(() => process.exit(0))))
`

export class Witness {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  #begun = new Map<string, number>()
  #ended = new Set<string>()

  constructor() {
    this.#server = createServer(socket => {
      let rest = ''
      this.#open.add(socket)
      socket.once('close', () => this.#open.delete(socket))
      socket.on('error', () => {})
      socket.setEncoding('utf8')
      socket.on('data', (part: string) => {
        const lines = (rest + part).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) this.#hear(line)
      })
    })
  }

  #hear(line: string): void {
    const [word, id = ''] = line.split(' ')
    if (word === 'begin') this.#begun.set(id, (this.#begun.get(id) ?? 0) + 1)
    else this.#ended.add(id)
  }

  async listen(host: string): Promise<string> {
    this.#server.listen(0, host)
    await once(this.#server, 'listening')
    return `${host}:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.close()
    for (const socket of this.#open) socket.destroy()
    await once(this.#server, 'close')
  }

  /** From now on it counts anew. */
  forget(): void {
    this.#begun = new Map()
    this.#ended = new Set()
  }

  get inFlight(): number {
    return this.#begun.size - this.#ended.size
  }

  /** Begun and ended once; more than once; begun and never ended. */
  count(): { once: number; twice: number; unfinished: number } {
    const times = [...this.#begun.values()]
    const twice = times.filter(count => count > 1).length
    return { once: times.length - twice, twice, unfinished: this.#begun.size - this.#ended.size }
  }
}

/** The address of this host on the way to that one: pods on its network reach it there. */
export async function ownAddressTowards(address: string): Promise<string> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.connect(9, address)
  await once(socket, 'connect')
  const own = socket.address().address
  socket.close()
  return own
}

/** Hands out one file over HTTP, as a store of models does; answers its URL. */
export async function handOut(bytes: Buffer, name: string, host: string, open: AsyncDisposableStack): Promise<string> {
  const server = createHttpServer((_, res) => {
    res.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length }).end(bytes)
  })
  server.listen(0, host)
  await once(server, 'listening')
  open.defer(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return `http://${host}:${(server.address() as AddressInfo).port}/${name}`
}
