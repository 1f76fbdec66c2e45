// The fields of the service JSON that say what traffic a service takes: its group, and limits in EAS's words, of `metadata.rpc`
// and of `networking.gateway_policy`. How many requests an instance gets at once and how large a request may be is
// ours: `metadata.rpc.max_concurrency`, `max_body_mib`.
import { z } from 'zod'

const limitMax = 1_000_000
const count = z.number().int().min(0).max(limitMax)
const policy = z.strictObject({ enable: z.boolean().optional(), limit: count.optional() })

export const trafficGroupName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{2,62}$/, 'must be 3 to 63 lower-case letters, digits and underscores, a letter first')

export const networking = z.object({
  gateway_policy: z.object({ rate_limit: policy.optional(), concurrency_limit: policy.optional() }).optional(),
})

export const trafficRpc = {
  rate_limit: count.optional(),
  max_queue_size: count.optional(),
  max_concurrency: count.optional(),
  max_body_mib: z.number().int().min(1).max(10_240).optional(),
}

/** 0, or absent: no bound. */
export interface TrafficSpec {
  rateLimit: number
  /** Waiting per service instance. */
  queueMax: number
  /** At one service instance at once. */
  perInstance?: number
  /** Of the whole service, in flight and waiting. */
  maxInFlight?: number
  /** Of one request. */
  bodyMaxMib?: number
}

interface TrafficConfig {
  rpc: {
    rate_limit?: number | undefined
    max_queue_size?: number | undefined
    max_concurrency?: number | undefined
    max_body_mib?: number | undefined
  }
  networking: z.infer<typeof networking> | undefined
}

export function trafficSpecOf({ rpc, networking: given }: TrafficConfig): TrafficSpec {
  const { rate_limit: rate, concurrency_limit: concurrency } = given?.gateway_policy ?? {}
  const perInstance = rpc.max_concurrency ?? 0
  const maxInFlight = limitOf(concurrency)
  const rates = [rpc.rate_limit ?? 0, limitOf(rate)].filter(one => one > 0)
  return {
    rateLimit: rates.length === 0 ? 0 : Math.min(...rates),
    queueMax: rpc.max_queue_size ?? 0,
    ...(perInstance > 0 ? { perInstance } : {}),
    ...(maxInFlight > 0 ? { maxInFlight } : {}),
    ...(rpc.max_body_mib === undefined ? {} : { bodyMaxMib: rpc.max_body_mib }),
  }
}

const limitOf = (given: z.infer<typeof policy> | undefined): number =>
  given === undefined || given.enable === false ? 0 : (given.limit ?? 0)
