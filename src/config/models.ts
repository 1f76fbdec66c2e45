// The parts of berth.yaml that say where models may come from, which directories services may mount, and how full a disk may be.
import { isAbsolute, normalize } from 'node:path'
import { z } from 'zod'
import { network, read, yesOrNo } from './read.ts'

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

const percent = read(
  text => (/^\d{1,2}(\.\d)?$/.test(text) && Number(text) <= 50 ? Number(text) : null),
  'a percentage from 0 to 50',
)

/** How much of a disk is to be free; the defaults are those of GLOSSARY's disk pressure. */
export const disk = z
  .strictObject({ low: percent.default(5), critical: percent.default(1) })
  .refine(({ low, critical }) => critical <= low, {
    path: ['critical'],
    message: 'it is what is left after low: give at most as much',
  })

export type ModelsFile = z.output<typeof models>
