// A real identity provider as a process of its own: oidc-provider with its login page. It is told the client's redirect address
// over IPC and answers its own; a login says who it is: `mei` has the verified e-mail mei@example.org.
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

/** `eve` claims mei's e-mail unverified; `mei-again` is another identity with mei's e-mail; `silent` has none. */
const people = {
  mei: { email: 'Mei@Example.org', email_verified: true },
  'mei-again': { email: 'mei@example.org', email_verified: true },
  eve: { email: 'lin@example.org', email_verified: false },
  stranger: { email: 'stranger@example.org', email_verified: true },
  silent: {},
}

let handle = (_, response) => response.writeHead(503).end()
const server = createServer((request, response) => handle(request, response))
server.listen(0, '127.0.0.1', () => process.send({ issuer: `http://127.0.0.1:${server.address().port}` }))

process.on('message', ({ issuer, redirectUrl }) => {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'berth',
        client_secret: 'a secret of the test',
        redirect_uris: [redirectUrl],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    cookies: { keys: ['a key of the test'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  })
  handle = provider.callback()
  process.send({ ready: true })
})
process.on('disconnect', () => process.exit(0))
