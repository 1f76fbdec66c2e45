// The parts of berth.yaml that say where models may come from and which directories services may mount.
import { isAbsolute, normalize } from 'node:path'
import { z } from 'zod'
import { network, read, yesOrNo } from './config-read.ts'

/** Only the host and port: buckets and keys are put behind it. */
const endpoint = read(text => {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null
  return url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' ? url.origin : null
}, 'the address of a store such as https://s3.example.org')

const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^/]+)*$/, 'expected a bucket, or a part of one such as models/public')

const store = z
  .strictObject({
    endpoint,
    region: z.string().regex(/^[a-z0-9-]{1,63}$/, 'expected a region such as us-east-1'),
    buckets: z.array(bucket).min(1, 'name at least one bucket'),
    /** OSS takes the bucket in the host name only. */
    pathStyle: yesOrNo.optional(),
    accessKeyId: z.string().min(1).optional(),
    secretAccessKey: z.string().min(1).optional(),
  })
  .superRefine(({ accessKeyId, secretAccessKey }, context) => {
    if (accessKeyId !== undefined || secretAccessKey === undefined) return
    context.addIssue({
      code: 'custom',
      path: ['secretAccessKey'],
      message: 'it is of no accessKeyId: name one beside it',
    })
  })

const storeName = z.string().regex(/^[a-z][a-z0-9_]{0,30}$/, 'a name has lower-case letters, digits and underscores')

export const models = z.strictObject({
  allowPrivate: z.array(network).default([]),
  stores: z.record(storeName, store).default({}),
})

const absolutePath = read(
  text => (isAbsolute(text) && normalize(text).replace(/(.)\/$/, '$1') === text && text !== '/' ? text : null),
  'an absolute path without "..", not / itself',
)

export const storage = z.strictObject({
  allow: z.array(z.strictObject({ path: absolutePath, readOnly: yesOrNo.default(true) })).default([]),
})

export type ModelsFile = z.output<typeof models>
