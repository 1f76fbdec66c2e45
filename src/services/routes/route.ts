// What a gateway knows of a service. Routes are pushed to every gateway, versioned and acknowledged (DESIGN.md §7).

/** One service as the gateway serves it. Names may repeat between accounts: the access key tells them apart. */
export interface ServiceRoute extends RouteKeys {
  serviceId: string
  name: string
  accountId: string
  endpoints: Endpoint[]
  /** Why there is no endpoint, for the 503: the service's status in words. */
  status: string
  limits: RouteLimits
  /** Absent: a request that finds no endpoint is answered 503. Else it waits, and wakes the service. */
  waiting?: WaitingBounds
  /** In a traffic group: its name there, which keys of the group open as well as its own. */
  alias?: RouteAlias
  /** A share of what it gets is copied. */
  mirror?: RouteMirror
  /** It is a traffic group, without endpoints of its own: its members take the requests. */
  split?: RouteSplit
}

export interface WaitingBounds {
  /** Per gateway process; over it 450. */
  countMax: number
  /** From its arrival; over it 503. */
  timeoutMs: number
}

export interface RouteKeys {
  /** Access keys ("service tokens" in EAS), newest first; each may be sent raw, as Bearer or in EAS's HMAC form. */
  accessKeys: string[]
  /** What each is called when its use is reported. */
  keyIds?: string[]
  /** When each ends, in epoch milliseconds, whatever control says later; null: never. */
  keysUntilMs?: (number | null)[]
}

export interface RouteAlias extends RouteKeys {
  /** `<group>.<service>` */
  name: string
}

export interface RouteSplit {
  /** `auto`: as many parts as a member has endpoints. */
  mode: 'auto' | 'weighted'
  /** Those that take part, by service id. */
  members: { serviceId: string; weight: number }[]
}

export interface RouteMirror {
  percent: number
  /** Each gets a copy. */
  serviceIds: string[]
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
  /** Requests per second, over all workers of a gateway; 0 = none; over it 429. */
  rateLimit: number
  /** Bounds the requests in flight, those that wait among them, over all workers of a gateway; over it 450. 0 = none. */
  maxInFlight: number
  /** Requests that one instance gets at once, over all workers of a gateway; more wait their turn. 0 = none. */
  perInstance?: number
  /** Bytes of a request body; over it 413. */
  bodyMax: number
}

/** What one gateway tells of one service instance. */
export interface InstanceReport {
  instanceId: string
  /** Requests written to it whose answer is not complete, upgraded connections included. */
  inFlight: number
  /** Idle upstream connections still open; closed by the gateway as soon as the instance is not routed. */
  idleConnections: number
  served: number
  /** Requests to this instance that ended without a whole answer for a reason that is not the client's. */
  failed: number
  /** The longest request that ended since the watch began. */
  longestMs: number
  /** Of those in flight, event streams and upgraded connections. */
  streams: number
  /** Streams that ended whole after the instance had left the routes, since the watch began: they were waited for. */
  streamsWaitedFor: number
  /** Streams that the instance broke off after it had left the routes, since the watch began. */
  streamsCut: number
}
