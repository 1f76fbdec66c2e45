// The part of berth.yaml that says what clients may ask of the gateway: how large heads are, how long anything may take, and how
// many connections there are; and the certificates of its TLS port. What one service takes is said in its service JSON.
import { z } from 'zod'
import type { AccessLogSettings } from '../gateway/figures/access-log.ts'
import { fieldsMax } from '../gateway/http/fields.ts'
import { defaultLimits, type GatewayLimits } from '../gateway/limits.ts'
import { read, yesOrNo } from './read.ts'

const whole = (min: number, max: number) =>
  read(
    text => (/^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : null),
    `a whole number from ${min} to ${max}`,
  )
const seconds = whole(1, 86_400)

const ejection = z.strictObject({
  failures: whole(0, 1_000).default(defaultLimits.ejectAfter),
  seconds: seconds.default(defaultLimits.ejectMs / 1_000),
  secondsMax: seconds.default(defaultLimits.ejectMsMax / 1_000),
  percent: whole(0, 99).default(defaultLimits.ejectShare * 100),
  answers: yesOrNo.default(defaultLimits.ejectByAnswers),
})

const accessLog = z.strictObject({
  share: read(
    text => (/^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/.test(text) ? Number(text) : null),
    'a share from 0 to 1, such as 0.01',
  ),
  perSecond: whole(1, 100_000).default(100),
  fileMiB: whole(1, 10_240).default(64),
  filesKept: whole(0, 100).default(4),
})

export const gateway = z
  .strictObject({
    headKiB: whole(1, 1_024).default(defaultLimits.headMax / 1_024),
    targetKiB: whole(1, 1_024).default(defaultLimits.targetMax / 1_024),
    headFields: whole(8, fieldsMax).default(defaultLimits.fieldsMax),
    headSeconds: seconds.default(defaultLimits.headTimeoutMs / 1_000),
    idleSeconds: seconds.default(defaultLimits.idleTimeoutMs / 1_000),
    bodySeconds: seconds.default(defaultLimits.bodyIdleTimeoutMs / 1_000),
    upgradedSeconds: seconds.default(defaultLimits.upgradedIdleTimeoutMs / 1_000),
    connections: whole(16, 1_000_000).default(defaultLimits.connectionsMax),
    connectionsPerAddress: whole(0, 1_000_000).default(defaultLimits.connectionsPerAddress),
    tls: z
      .array(z.strictObject({ certificate: z.string().min(1), key: z.string().min(1) }))
      .max(100)
      .default([]),
    ejection: ejection.prefault({}),
    accessLog: accessLog.optional(),
  })
  .refine(({ headKiB, targetKiB }) => targetKiB <= headKiB, {
    path: ['targetKiB'],
    message: 'the target is a part of the head: let it be no larger than headKiB',
  })

export const accessLogOf = ({ accessLog: given }: z.output<typeof gateway>): AccessLogSettings | null =>
  given === undefined
    ? null
    : {
        ...{ share: given.share, perSecond: given.perSecond },
        ...{ bytesMax: given.fileMiB * 1_048_576, filesKept: given.filesKept },
      }

export const gatewayLimitsOf = (given: z.output<typeof gateway>): Partial<GatewayLimits> => ({
  headMax: given.headKiB * 1_024,
  targetMax: given.targetKiB * 1_024,
  fieldsMax: given.headFields,
  headTimeoutMs: given.headSeconds * 1_000,
  idleTimeoutMs: given.idleSeconds * 1_000,
  bodyIdleTimeoutMs: given.bodySeconds * 1_000,
  upgradedIdleTimeoutMs: given.upgradedSeconds * 1_000,
  connectionsMax: given.connections,
  connectionsPerAddress: given.connectionsPerAddress,
  ejectAfter: given.ejection.failures,
  ejectMs: given.ejection.seconds * 1_000,
  ejectMsMax: given.ejection.secondsMax * 1_000,
  ejectShare: given.ejection.percent / 100,
  ejectByAnswers: given.ejection.answers,
})
