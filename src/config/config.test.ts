import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataDirectory } from '../data-directory.ts'
import { isRefusal, messageOf } from '../lib/errors.ts'
import { loadConfig } from './config.ts'
import { defaultConfigYaml, sliceHost } from './default.ts'
import { parseConfigFile } from './schema.ts'

const host = { cores: 2, memoryMib: 4096 }
let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'berth-config-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const catalog = (offer: string) => `
catalog:
  specs:
    a.small: { cpu: 1, memory: 2GiB }
  regions:
    trial:
      name: Trial
      engine: simulated
      zones:
        trial-a:
          name: A
          offers:
            ${offer}
`

function mistakesOf(text: string): string {
  try {
    parseConfigFile(text, 'berth.yaml')
  } catch (error) {
    expect(isRefusal(error, 'InvalidConfig')).toBe(true)
    return messageOf(error)
  }
  return 'accepted'
}

describe('where data is kept when nobody says where', () => {
  it.each([
    ['an ordinary user', { HOME: '/home/ana' }, 1000, '/home/ana/.local/share/berth'],
    ['root, whose home is closed to the users it starts', { HOME: '/root' }, 0, '/var/lib/berth'],
    ['who says so', { HOME: '/root', XDG_DATA_HOME: '/data' }, 0, '/data/berth'],
    ['an empty variable', { HOME: '/home/ana', XDG_DATA_HOME: '' }, 1000, '/home/ana/.local/share/berth'],
  ])('%s', (_, env, uid, directory) => {
    expect(dataDirectory('berth', env, uid)).toBe(directory)
  })
})

describe('the configuration without a file', () => {
  it('is derived from the host, on loopback, with both charge types', () => {
    const config = loadConfig({ env: { BERTH_HOME: home }, host })
    expect(config).toMatchObject({
      dataDir: home,
      fromFile: false,
      currency: 'CNY',
      billingZone: 'Asia/Shanghai',
      listen: { api: { host: '127.0.0.1', port: 8700 }, gateway: { host: '127.0.0.1', port: 8701 } },
      databaseUrl: null,
      gatewayWorkers: 2,
    })
    expect(config.catalog.regions.map(region => [region.regionId, region.name, region.engine])).toEqual([
      ['local', 'This host', 'process'],
    ])
    const offers = config.catalog.regions[0]?.zones[0]?.offers ?? []
    expect(offers.map(offer => [offer.specId, offer.stock])).toEqual([
      ['host.small', 4],
      ['host.medium', 1],
    ])
    expect(offers[0]?.prepaid).toMatchObject({
      monthMicros: { 1: 30_000_000n, 12: 25_500_000n },
      diskGibMicros: 350_000n,
    })
    expect(offers[0]?.postpaid).toMatchObject({ hourMicros: 60_000n, diskGibMicros: 500n })
  })

  it('is the same when the text it would write is read back', () => {
    writeFileSync(join(home, 'berth.yaml'), defaultConfigYaml(host))
    const { fromFile, ...read } = loadConfig({ env: { BERTH_HOME: home }, host })
    rmSync(join(home, 'berth.yaml'))
    const { fromFile: without, ...derived } = loadConfig({ env: { BERTH_HOME: home }, host })
    expect([fromFile, without]).toEqual([true, false])
    expect(read).toEqual(derived)
  })

  it.each([
    [1, 1024],
    [2, 4096],
    [2, 23_500],
    [8, 32_768],
    [64, 262_144],
    [128, 2_000_000],
  ])('sells no more of %i cores and %i MiB than fits at once', (cores, memoryMib) => {
    const slices = sliceHost({ cores, memoryMib })
    const sum = (of: 'cpu' | 'memoryMib') => slices.reduce((total, slice) => total + slice.stock * slice[of], 0)
    expect(sum('memoryMib')).toBeLessThanOrEqual(memoryMib * 0.75)
    expect(sum('cpu')).toBeLessThanOrEqual(cores * 4)
    expect(slices[0]?.stock).toBeGreaterThanOrEqual(memoryMib >= 4096 ? 4 : 1)
    expect(parseConfigFile(defaultConfigYaml({ cores, memoryMib }), 'x').catalog?.specs).toHaveLength(slices.length)
  })
})

describe('berth.yaml', () => {
  it('keeps prices exact and takes several engines', () => {
    const text = catalog('a.small: { stock: 9999, prepaid: { 1: 0.1, 3: 123456789.123456, diskGiB: 0.35 } }')
    const [offer] = parseConfigFile(text, 'berth.yaml').catalog?.regions[0]?.zones[0]?.offers ?? []
    expect(offer).toMatchObject({ stock: 9999, postpaid: null })
    expect(offer?.prepaid?.monthMicros).toEqual({ 1: 100_000n, 2: null, 3: 123_456_789_123_456n, 6: null, 12: null })
  })

  it.each([
    ['currency: CNY\ncurency: USD', 'berth.yaml:2: curency: there is no such setting'],
    ['listen:\n  api: 8700', 'berth.yaml:2: listen.api: expected an address such as 127.0.0.1:8700, got "8700"'],
    ['billingZone: Mars/Olympus', 'berth.yaml:1: billingZone: expected a time zone such as Asia/Shanghai'],
    ['currency: CNY\n\ninsecure: yes', 'berth.yaml:3: insecure: expected true or false, got "yes"'],
    ['a: 1\na: 2', /^berth.yaml:2: .*unique/],
    ['listen: [', /^berth.yaml:1: /],
    ['- a', /^berth.yaml:1: /],
    ['"__proto__": 1', /__proto__/],
    [
      catalog('a.small: { stock: 1.5, postpaid: { hour: 1 } }'),
      /^berth.yaml:13: .*a\.small\.stock: expected a whole number/,
    ],
    [catalog('a.small: { stock: -1, postpaid: { hour: 1 } }'), /:13: .*expected a whole number/],
    [catalog('a.small: { stock: 1, postpaid: { hour: 1e400 } }'), /:13: .*postpaid\.hour: expected an amount/],
    [catalog('a.small: { stock: 1, postpaid: { hour: 0.0000001 } }'), /:13: .*postpaid\.hour: expected an amount/],
    [catalog('a.small: { stock: 1, prepaid: { 4: 1 } }'), /:13: .*prepaid\.4: there is no such setting/],
    [catalog('a.small: { stock: 1, prepaid: { diskGiB: 1 } }'), /:13: .*at least one duration/],
    [catalog('a.small: { stock: 1 }'), /:13: .*a\.small: name a prepaid price/],
    [catalog('b.none: { stock: 1, postpaid: { hour: 1 } }'), /:13: .*b\.none: there is no spec b\.none/],
    [catalog('A: { stock: 1, postpaid: { hour: 1 } }'), /:13: .*an id has lower-case/],
    [
      'catalog:\n  specs:\n    a: { cpu: 0, memory: 2G }\n  regions: {}',
      /:3: catalog\.specs\.a\.cpu: .*\n.*:3: catalog\.specs\.a\.memory: expected a size/,
    ],
  ])('names line and field of the mistake in %j', (text, message) => {
    if (typeof message === 'string') expect(mistakesOf(text)).toBe(message)
    else expect(mistakesOf(text)).toMatch(message)
  })

  it('refuses a zone that two regions name', () => {
    const text = catalog('a.small: { stock: 1, postpaid: { hour: 1 } }')
    const twice = `${text}    other:\n      name: O\n      engine: process\n      zones:\n        trial-a: { name: A, offers: {} }\n`
    expect(mistakesOf(twice)).toMatch(/trial-a: region trial has a zone trial-a already/)
  })

  it('that was asked for and is not there is refused, and an empty one is the default', () => {
    expect(() => loadConfig({ env: { BERTH_HOME: home }, path: join(home, 'none.yaml') })).toThrow(
      /none.yaml: can't be read/,
    )
    expect(mistakesOf('')).toBe('accepted')
  })
})

describe('a public address', () => {
  it.each([
    '0.0.0.0:8700',
    '[::]:8700',
    '192.168.1.4:8700',
    'berth.example.com:8700',
  ])('%s is refused unless it is said', address => {
    const env = { BERTH_HOME: home, BERTH_API_LISTEN: address }
    expect(() => loadConfig({ env, host })).toThrow(/listen\.api: .*insecure: true/)
    expect(loadConfig({ env: { ...env, BERTH_INSECURE: 'true' }, host }).listen.api.port).toBe(8700)
  })

  it.each(['127.0.0.1:0', '127.9.9.9:1', '[::1]:8700', 'localhost:8700'])('%s is loopback', address => {
    expect(() => loadConfig({ env: { BERTH_HOME: home, BERTH_API_LISTEN: address }, host })).not.toThrow()
  })

  it('that is none is refused by the name of the variable', () => {
    expect(() => loadConfig({ env: { BERTH_HOME: home, BERTH_GATEWAY_LISTEN: '::1' }, host })).toThrow(
      /BERTH_GATEWAY_LISTEN/,
    )
  })
})

describe('TLS, proxies and the identity provider', () => {
  const withText = (text: string) => {
    const path = join(home, 'signed.yaml')
    writeFileSync(path, text)
    return loadConfig({ env: { BERTH_CONFIG: path, BERTH_HOME: home, BERTH_OIDC_CLIENT_SECRET: 'from outside' }, host })
  }

  it('are none unless named', () => {
    expect(withText('currency: CNY\n')).toMatchObject({ tls: null, trustedProxies: [], oidc: null })
  })

  it('a certificate lies beside the file and opens the API to others, not the gateway', () => {
    const tls = 'tls: { certificate: api.crt, key: /etc/berth/api.key }\n'
    expect(withText(`${tls}listen: { api: '0.0.0.0:8700' }\n`).tls).toEqual({
      certificate: join(home, 'api.crt'),
      key: '/etc/berth/api.key',
    })
    expect(() => withText(`${tls}listen: { gateway: '0.0.0.0:8701' }\n`)).toThrow(/listen\.gateway/)
    expect(() => withText("listen: { api: '0.0.0.0:8700' }\n")).toThrow(/listen\.api.*certificate/s)
  })

  it('figures are told where it is asked for, to others only where that is said', () => {
    expect(withText('currency: CNY\n').metrics).toEqual({ listen: null, servicesMax: 1_000 })
    const { metrics } = withText('metrics: { listen: 127.0.0.1:8702, services: 50 }\n')
    expect(metrics).toEqual({ listen: { host: '127.0.0.1', port: 8702 }, servicesMax: 50 })
    expect(() => withText("metrics: { listen: '0.0.0.0:8702' }\n")).toThrow(/metrics\.listen/)
  })

  it('requests are logged where it is asked for, and instances that fail left out as it is said', () => {
    expect(withText('currency: CNY\n').accessLog).toBeNull()
    const log = withText('gateway: { accessLog: { share: 0.05, fileMiB: 8 } }\n').accessLog
    expect(log).toEqual({ share: 0.05, perSecond: 100, bytesMax: 8 * 2 ** 20, filesKept: 4 })
    expect(() => withText('gateway: { accessLog: { share: 2 } }\n')).toThrow(/gateway\.accessLog\.share.*from 0 to 1/)
    expect(() => withText('gateway: { accessLog: {} }\n')).toThrow(/gateway\.accessLog\.share/)
    const { gatewayLimits } = withText('gateway: { ejection: { failures: 0, percent: 30, answers: true } }\n')
    expect(gatewayLimits).toMatchObject({ ejectAfter: 0, ejectMs: 5_000, ejectShare: 0.3, ejectByAnswers: true })
    expect(() => withText('gateway: { ejection: { percent: 100 } }\n')).toThrow(/gateway\.ejection\.percent.*0 to 99/)
  })

  it('what clients may ask of the gateway is limited, by the defaults where nothing is said', () => {
    const limits = (text: string) => withText(text).gatewayLimits
    expect(limits('currency: CNY\n')).toMatchObject({ headMax: 16_384, targetMax: 8_192, connectionsPerAddress: 1_000 })
    const said = 'gateway: { headKiB: 32, idleSeconds: 5, connections: 64, connectionsPerAddress: 0 }\n'
    const expected = { headMax: 32_768, idleTimeoutMs: 5_000, connectionsMax: 64, connectionsPerAddress: 0 }
    expect(limits(said)).toMatchObject(expected)
    expect(() => limits('gateway: { headKiB: 4 }\n')).toThrow(/gateway\.targetKiB.*headKiB/)
    expect(() => limits('gateway: { headFields: 500 }\n')).toThrow(/gateway\.headFields.*8 to 128/)
    expect(() => limits('gateway: { headSeconds: 0 }\n')).toThrow(/gateway\.headSeconds/)
  })

  it('the gateway has a port for TLS where it is said, with its certificates beside the file', () => {
    expect(withText('currency: CNY\n')).toMatchObject({ listen: { gatewayTls: null }, gatewayCertificates: [] })
    const certificates =
      'gateway: { tls: [{ certificate: a.crt, key: a.key }, { certificate: /b.crt, key: /b.key }] }\n'
    const config = withText(`${certificates}listen: { gatewayTls: '0.0.0.0:8443' }\n`)
    expect(config.listen.gatewayTls).toEqual({ host: '0.0.0.0', port: 8443 })
    expect(config.gatewayCertificates).toEqual([
      { certificate: join(home, 'a.crt'), key: join(home, 'a.key') },
      { certificate: '/b.crt', key: '/b.key' },
    ])
    expect(() => withText(certificates)).toThrow(/listen\.gatewayTls: name the address/)
    expect(() => withText("listen: { gatewayTls: '0.0.0.0:8443' }\n")).toThrow(/gateway\.tls: name at least one/)
    expect(() => withText(`${certificates}listen: { gatewayTls: '0.0.0.0:0' }\n`)).toThrow(/gatewayTls: name a port/)
  })

  it('a proxy is an address or a network, and never everybody', () => {
    const proxies = ['10.0.0.7', '10.0.0.0/8', '::1', 'fd00::/8']
    expect(withText(`trustedProxies: [${proxies.map(one => `'${one}'`).join(', ')}]\n`).trustedProxies).toEqual(proxies)
    for (const bad of ['0.0.0.0/0', '10.0.0.0/33', 'proxy.example', '10.0.0.0/8/8', "''"]) {
      expect(() => withText(`trustedProxies: [${bad}]\n`), bad).toThrow(/trustedProxies/)
    }
  })

  it('a mail server is spoken to over TLS, or on the loopback; mistakes are told by their line', () => {
    const mail = (lines: string) =>
      `notices:\n  smtp:\n    host: mail.example.org\n    from: a@example.org\n    to: [b@example.org]\n${lines}`
    const whole = { host: 'mail.example.org', port: 587, tls: 'starttls', login: null, ca: null }
    expect(withText(mail('')).mail).toEqual({ ...whole, from: 'a@example.org', to: ['b@example.org'] })
    expect(withText(mail('    tls: implicit\n    user: x\n    password: y\n')).mail).toMatchObject({
      ...{ port: 465, login: { user: 'x', password: 'y' } },
    })
    const bad: [string, RegExp][] = [
      ['    tls: none\n', /yaml:6: notices\.smtp\.tls: .*in the clear/],
      ['    port: 0\n', /yaml:6: notices\.smtp\.port/],
      ['    password: y\n', /yaml:6: notices\.smtp\.password: it is of no user/],
      ['    user: x\n', /notices\.smtp\.password: give the password of x, here or in BERTH_SMTP_PASSWORD/],
      ['    ca: nowhere.pem\n', /nowhere\.pem/],
      ['    copy: c@example.org\n', /yaml:6: notices\.smtp\.copy: there is no such setting/],
    ]
    for (const [lines, refusal] of bad) expect(() => withText(mail(lines)), lines).toThrow(refusal)
    const nobody = 'notices: { smtp: { host: localhost, tls: none, from: nobody, to: [] } }\n'
    expect(() => withText(nobody)).toThrow(
      /notices\.smtp\.from: expected a mail address.*\n.*notices\.smtp\.to: name at least/,
    )
  })

  it('a provider is spoken to over https, or on the loopback; its secret may come from the environment', () => {
    const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
    const hook = (url: string, more = `, secret: "${secret}"`) => `notices: { webhook: { url: "${url}"${more} } }\n`
    expect(withText(hook('https://ops.example.org/x')).webhook).toEqual({ url: 'https://ops.example.org/x', secret })
    expect(() => withText(hook('http://ops.example.org/x'))).toThrow(/notices\.webhook\.url/)
    expect(() => withText(hook('https://ops.example.org/x', ''))).toThrow(/notices\.webhook\.secret/)
    expect(() => withText(hook('https://ops.example.org/x', ', secret: "short"'))).toThrow(/notices\.webhook\.secret/)
    expect(withText('oidc: { issuer: "https://login.example.org", clientId: berth }\n').oidc).toEqual({
      ...{ issuer: 'https://login.example.org', clientId: 'berth', clientSecret: 'from outside' },
      ...{ scope: 'openid email', redirectUrl: null, emailClaim: 'email', trustEmail: false },
    })
    expect(() => withText('oidc: { issuer: "http://login.example.org", clientId: berth }\n')).toThrow(/oidc\.issuer/)
  })
})

describe('docker', () => {
  it('is asked on its usual socket, fetches what is missing and gives containers no capability', () => {
    expect(loadConfig({ env: { BERTH_HOME: home }, host }).docker).toEqual({
      ...{ socketPath: '/var/run/docker.sock', pull: 'missing', readOnlyRoot: false, capabilities: [] },
    })
  })

  it.each([
    ['docker: { socket: docker.sock }', 'docker.socket: expected the path'],
    ['docker: { pull: sometimes }', 'docker.pull: '],
    ['docker: { capabilities: [SYS_ADMIN] }', 'docker.capabilities.0: '],
    ['docker: { privileged: true }', 'docker.privileged: there is no such setting'],
  ])('refuses %s', (text, message) => {
    expect(mistakesOf(text)).toContain(message)
  })
})
