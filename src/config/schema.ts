// berth.yaml: what may stand in it. Every scalar is read as the text that was written (YAML's failsafe schema), so that a
// price never passes through a float; a mistake is told by file, line and field, and unknown keys are refused.
import { LineCounter, parseDocument, type YAMLMap } from 'yaml'
import { z } from 'zod'
import { type CatalogConfig, catalogIdPattern, type OfferConfig } from '../catalog/catalog-config.ts'
import { engines } from '../catalog/offering.ts'
import type { Price } from '../catalog/price.ts'
import { isTimeZone } from '../lib/calendar.ts'
import { Refusal } from '../lib/errors.ts'
import { parseMicros } from '../lib/money.ts'
import { gateway } from './gateway.ts'
import { image, kubernetes, unsoldIn } from './kubernetes.ts'
import { disk, models, storage } from './models.ts'
import { network, read, yesOrNo } from './read.ts'

export type ConfigRefusal = 'InvalidConfig'

export interface ListenAddress {
  host: string
  port: number
}

const wholeUpTo = (max: number) =>
  read(text => (/^\d{1,9}$/.test(text) && Number(text) <= max ? Number(text) : null), `a whole number from 0 to ${max}`)
const yuan = read(parseMicros, 'an amount such as 12, 12.5 or 0.000123 (at most six digits after the dot)')
const memoryMib = read(parseMemory, 'a size such as 512MiB, 2GiB or 1.5GiB')
const cpuMilli = read(
  text => (/^\d{1,4}(\.\d{1,3})?$/.test(text) && Number(text) > 0 ? Math.round(Number(text) * 1000) : null),
  'vCPUs such as 4 or 0.5',
)
const name = z.string().min(1).max(100)
const id = z.string().regex(catalogIdPattern, 'an id has lower-case letters, digits, dots, dashes and underscores')
export const listenAddress = read(parseListen, 'an address such as 127.0.0.1:8700')

function parseMemory(text: string): number | null {
  const [, amount, unit] = /^(\d{1,7}(?:\.\d{1,3})?) ?(MiB|GiB)$/.exec(text) ?? []
  if (amount === undefined) return null
  const mib = Number(amount) * (unit === 'GiB' ? 1024 : 1)
  return Number.isInteger(mib) && mib > 0 ? mib : null
}

/** `127.0.0.1:8700`, `[::1]:8700`, `localhost:8700`. Port 0 lets the system choose. */
export function parseListen(text: string): ListenAddress | null {
  const [, v6, host, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text) ?? []
  const found = v6 ?? host
  return found === undefined || Number(port) > 65_535 ? null : { host: found, port: Number(port) }
}

const noMonths = { 1: null, 2: null, 3: null, 6: null, 12: null }

const prepaid = z
  .strictObject({
    1: yuan.optional(),
    2: yuan.optional(),
    3: yuan.optional(),
    6: yuan.optional(),
    12: yuan.optional(),
    diskGiB: yuan.default(0n),
  })
  .refine(({ diskGiB: _, ...months }) => Object.keys(months).length > 0, 'name the price of at least one duration')
  .transform(
    ({ 1: one, 2: two, 3: three, 6: six, 12: twelve, diskGiB }): Price => ({
      monthMicros: { 1: one ?? null, 2: two ?? null, 3: three ?? null, 6: six ?? null, 12: twelve ?? null },
      hourMicros: null,
      diskGibMicros: diskGiB,
    }),
  )

const postpaid = z
  .strictObject({ hour: yuan, diskGiB: yuan.default(0n) })
  .transform(({ hour, diskGiB }): Price => ({ monthMicros: noMonths, hourMicros: hour, diskGibMicros: diskGiB }))

const offer = z
  .strictObject({ stock: wholeUpTo(1_000_000), prepaid: prepaid.optional(), postpaid: postpaid.optional() })
  .refine(value => value.prepaid ?? value.postpaid, 'name a prepaid price, a postpaid price or both')

const spec = z.strictObject({
  family: name.default('general'),
  cpu: cpuMilli,
  memory: memoryMib,
  gpu: z.strictObject({ model: name, count: wholeUpTo(64), memory: memoryMib }).optional(),
})

const region = z.strictObject({
  name,
  engine: z.enum(engines),
  zones: z.record(id, z.strictObject({ name, offers: z.record(id, offer) })),
})

const catalog = z
  .strictObject({ specs: z.record(id, spec), regions: z.record(id, region) })
  .superRefine((value, context) => {
    const owners = new Map<string, string>()
    for (const [regionId, { zones }] of Object.entries(value.regions)) {
      for (const [zoneId, { offers }] of Object.entries(zones)) {
        const path = ['regions', regionId, 'zones', zoneId]
        const owner = owners.get(zoneId)
        if (owner !== undefined)
          context.addIssue({ code: 'custom', path, message: `region ${owner} has a zone ${zoneId} already` })
        owners.set(zoneId, regionId)
        for (const specId of Object.keys(offers)) {
          if (Object.hasOwn(value.specs, specId)) continue
          context.addIssue({
            code: 'custom',
            path: [...path, 'offers', specId],
            message: `there is no spec ${specId} under catalog.specs`,
          })
        }
      }
    }
  })
  .transform(toCatalog)

/** Over plain http only where nobody listens in. */
const issuer = read(text => {
  const url = URL.parse(text)
  const loopback = url !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  return url && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback)) ? text : null
}, 'the https address of an identity provider')

const oidc = z.strictObject({
  issuer,
  clientId: z.string().min(1),
  clientSecret: z.string().min(1).optional(),
  scope: z.string().min(1).default('openid email'),
  redirectUrl: z.url().optional(),
  emailClaim: z.string().min(1).default('email'),
  trustEmail: yesOrNo.default(false),
})

/** Where notices go; plain http only to this host. */
const webhook = z.strictObject({
  url: read(text => {
    const url = URL.parse(text)
    const loopback = url !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
    return url && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback)) ? text : null
  }, 'the https address of a webhook'),
  secret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, 'expected whsec_ and 24 to 64 random bytes in base64')
    .optional(),
})

const mailAddress = read(
  text => (/^(?:[^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/.test(text) ? text : null),
  'a mail address such as ops@example.org or Berth <berth@example.org>',
)

/** Where notices are mailed; without TLS only on this host. */
const smtp = z
  .strictObject({
    host: z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/, 'expected the name or address of a mail server'),
    port: read(
      text => (/^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= 65_535 ? Number(text) : null),
      'a port',
    ).optional(),
    tls: z.enum(['implicit', 'starttls', 'none']).default('starttls'),
    user: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    ca: z.string().min(1).optional(),
    from: mailAddress,
    to: z.array(mailAddress).min(1, 'name at least one address').max(50),
  })
  .superRefine(({ host, tls }, context) => {
    if (tls !== 'none' || ['127.0.0.1', '::1', 'localhost'].includes(host)) return
    const message = `mail for ${host} would cross the network in the clear: use starttls or implicit`
    context.addIssue({ code: 'custom', path: ['tls'], message })
  })
  .superRefine(({ user, password }, context) => {
    if (user !== undefined || password === undefined) return
    context.addIssue({ code: 'custom', path: ['password'], message: 'it is of no user: name one beside it' })
  })

/** As Docker gives them to every container unless told otherwise: none that reaches the host. */
const capabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETPCAP', 'SETUID'],
  ...['SETFCAP', 'SYS_CHROOT', 'AUDIT_WRITE', 'MKNOD', 'NET_RAW'],
]

const docker = z.strictObject({
  socket: z.string().startsWith('/', 'expected the path of a unix socket').max(103).default('/var/run/docker.sock'),
  pull: z.enum(['missing', 'always', 'never']).default('missing'),
  readOnlyRoot: yesOrNo.default(false),
  capabilities: z.array(z.enum(capabilities)).default([]),
  modelServerImage: image.optional(),
})

const file = z.strictObject({
  dataDir: z.string().min(1).optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'expected a currency such as CNY')
    .default('CNY'),
  billingZone: z.string().refine(isTimeZone, 'expected a time zone such as Asia/Shanghai').default('Asia/Shanghai'),
  operatorContact: z.string().min(1).max(200).default('the operator of this installation'),
  listen: z
    .strictObject({
      api: listenAddress.optional(),
      gateway: listenAddress.optional(),
      gatewayTls: listenAddress.optional(),
      routes: listenAddress.optional(),
    })
    .default({}),
  insecure: yesOrNo.optional(),
  gatewayWorkers: read(
    text => (/^[1-9]\d?$/.test(text) ? Number(text) : null),
    'a number of workers from 1 to 99',
  ).optional(),
  tls: z.strictObject({ certificate: z.string().min(1), key: z.string().min(1) }).optional(),
  trustedProxies: z.array(network).default([]),
  oidc: oidc.optional(),
  notices: z.strictObject({ webhook: webhook.optional(), smtp: smtp.optional() }).default({}),
  docker: docker.prefault({}),
  kubernetes: kubernetes.prefault({}),
  models: models.prefault({}),
  storage: storage.prefault({}),
  disk: disk.prefault({}),
  gateway: gateway.prefault({}),
  controllers: z.array(listenAddress).max(50).default([]),
  metrics: z.strictObject({ listen: listenAddress.optional(), services: wholeUpTo(100_000).optional() }).default({}),
  catalog: catalog.optional(),
})

export type ConfigFile = z.output<typeof file>

function toCatalog(value: {
  specs: Record<string, z.output<typeof spec>>
  regions: Record<string, z.output<typeof region>>
}): CatalogConfig {
  return {
    specs: Object.entries(value.specs).map(([specId, { family, cpu, memory, gpu }]) => ({
      specId,
      family,
      cpuMilli: cpu,
      memoryMib: memory,
      gpuModel: gpu?.model ?? null,
      gpuCount: gpu?.count ?? 0,
      gpuMemoryMib: gpu?.memory ?? 0,
    })),
    regions: Object.entries(value.regions).map(([regionId, { zones, ...rest }]) => ({
      regionId,
      ...rest,
      zones: Object.entries(zones).map(([zoneId, zone]) => ({
        zoneId,
        name: zone.name,
        offers: Object.entries(zone.offers).map(
          ([specId, sold]): OfferConfig => ({
            specId,
            stock: sold.stock,
            prepaid: sold.prepaid ?? null,
            postpaid: sold.postpaid ?? null,
          }),
        ),
      })),
    })),
  }
}

interface Mistake {
  line: number
  field: string
  message: string
}

/** Reads the text of a berth.yaml; `source` names it in refusals, which list every mistake. */
export function parseConfigFile(text: string, source: string): ConfigFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false })
  const broken = document.errors.map(error => ({
    line: lines.linePos(error.pos[0]).line,
    field: '',
    message: error.message,
  }))
  if (broken.length > 0) throw refusal(source, broken)
  const parsed = file.safeParse(document.contents === null ? {} : document.toJS())
  const issues = parsed.success ? unsoldIn(parsed.data).map(custom) : parsed.error.issues
  if (parsed.success && issues.length === 0) return parsed.data
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length--) {
      const parent = document.getIn(path.slice(0, length - 1), true) as Partial<YAMLMap> | undefined
      const pair = parent?.items?.find(item => String(item.key) === String(path[length - 1]))
      const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range
      if (range) return lines.linePos(range[0]).line
    }
    return 1
  }
  throw refusal(
    source,
    issues.flatMap(issue => mistakesOf(issue).map(found => ({ ...found, line: lineOf(found.path) }))),
  )
}

const custom = (found: { path: PropertyKey[]; message: string }) => ({ code: 'custom' as const, ...found })

function mistakesOf(issue: z.core.$ZodIssue): { path: PropertyKey[]; field: string; message: string }[] {
  const at = (path: PropertyKey[], message: string) => ({ path, field: path.map(String).join('.'), message })
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => at([...issue.path, key], 'there is no such setting'))
  if (issue.code === 'invalid_key') return [at(issue.path, issue.issues[0]?.message ?? issue.message)]
  return [at(issue.path, issue.message)]
}

function refusal(source: string, mistakes: readonly Mistake[]): Refusal<ConfigRefusal> {
  const text = mistakes
    .slice(0, 10)
    .map(({ line, field, message }) => `${source}:${line}: ${field === '' ? '' : `${field}: `}${message}`)
  const [first] = mistakes
  return new Refusal('InvalidConfig', text.join('\n'), {
    file: source,
    line: first?.line,
    field: first?.field,
    mistakes,
  })
}
