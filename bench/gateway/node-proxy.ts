// The proxy that one would write over node:http: an agent that keeps connections, and two pipes. Arguments: port, upstream's.
import { Agent, createServer, request } from 'node:http'

const [port = '0', upstream = '0'] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 256 })
const server = createServer({ keepAliveTimeout: 75_000, noDelay: true }, (asked, answer) => {
  const { method, url, headers } = asked
  const forwarded = { ...headers, 'x-forwarded-for': asked.socket.remoteAddress ?? '' }
  const sent = request(
    { host: '127.0.0.1', port: upstream, method, path: url, headers: forwarded, agent },
    answered => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(answer)
    },
  )
  sent.on('error', () => answer.destroy())
  asked.pipe(sent)
})
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 })
