// What a gateway knows of a service. Routes are pushed to every gateway, versioned and acknowledged (DESIGN.md §7).

/** One service as the gateway serves it. Names may repeat between accounts: the access key tells them apart. */
export interface ServiceRoute {
  serviceId: string
  name: string
  accountId: string
  /** The service's access keys ("service tokens" in EAS), newest first; each may be sent raw, as Bearer or in EAS's HMAC form. */
  accessKeys: string[]
  endpoints: Endpoint[]
  /** Why there is no endpoint, for the 503: the service's status in words. */
  status: string
  limits: RouteLimits
}

export interface Endpoint {
  instanceId: string
  host: string
  port: number
  /** Of its health check, for a gateway that hears nothing of it; absent or null: there is none. */
  healthPath?: string | null
}

export interface RouteLimits {
  /** `rpc.keepalive`: milliseconds until a request is answered 408 (not begun) or cut (504). */
  requestTimeoutMs: number
  /** `rpc.rate_limit`: requests per second and gateway process, 0 = none; over it 429. */
  rateLimit: number
  /** `rpc.max_queue_size` × replicas bounds requests in flight; over it 450. 0 = none. */
  maxInFlight: number
  /** Bytes of a request body; over it 413. */
  bodyMax: number
}
