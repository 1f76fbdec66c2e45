import { expect, test } from 'vitest'
import { rolesOf } from './roles.ts'
import { parseConfigFile } from './schema.ts'

const secret = 'x'.repeat(32)
const rolesFrom = (text: string, env: NodeJS.ProcessEnv = {}) =>
  rolesOf(parseConfigFile(text, 'berth.yaml'), env, 'berth.yaml')

test('controllers are named in the file or the environment, which comes first', () => {
  const text = 'listen:\n  routes: 10.0.0.5:8702\ncontrollers: [a.example:8702, b.example:8702]\n'
  expect(rolesFrom(text, { BERTH_ROUTES_SECRET: secret })).toMatchObject({
    listen: { host: '10.0.0.5', port: 8702 },
    controllers: [
      { host: 'a.example', port: 8702 },
      { host: 'b.example', port: 8702 },
    ],
  })
  const env = {
    BERTH_ROUTES_SECRET: secret,
    BERTH_ROUTES_LISTEN: '[::1]:1',
    BERTH_CONTROLLERS: 'c.example:1, d.example:2',
  }
  expect(rolesFrom(text, env)).toMatchObject({
    listen: { host: '::1', port: 1 },
    controllers: [
      { host: 'c.example', port: 1 },
      { host: 'd.example', port: 2 },
    ],
  })
})

test.each([
  ['an address without a secret', { BERTH_ROUTES_LISTEN: '10.0.0.5:8702' }, /listen\.routes: .*BERTH_ROUTES_SECRET/],
  ['controllers without a secret', { BERTH_CONTROLLERS: 'a:1' }, /controllers: .*BERTH_ROUTES_SECRET/],
  ['a short secret', { BERTH_ROUTES_SECRET: 'short' }, /has 5 characters.*openssl rand/],
  ['a key that is none', { BERTH_SECRET_KEY: 'abc' }, /BERTH_SECRET_KEY: expected the 64 hex digits/],
  ['no address', { BERTH_ROUTES_SECRET: secret, BERTH_CONTROLLERS: 'a' }, /BERTH_CONTROLLERS: expected an address/],
])('%s is refused with the way out', (_, env, message) => {
  expect(() => rolesFrom('', env)).toThrow(message)
})
