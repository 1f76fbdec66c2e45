// Between control and a gateway worker: newline-delimited JSON over one connection that the gateway opens (a unix socket
// on one host, else TLS by a secret that both know). Control pushes; the gateway acknowledges each generation once every new request obeys it, and reports.
//
// A generation is one number over all routes, growing. After (re)connecting, control sends a `snapshot`, in parts where it is
// long, each obeyed as it comes; then one `change` per commit that changed services. A gateway keeps the last state on disk
// and serves it without control.
import type { GatewayFigures, ServiceTraffic } from '../../services/metrics/service-traffic.ts'
import type { InstanceReport, ServiceRoute } from '../../services/routes/route.ts'

export type ToGateway =
  /** `more`: the next part follows. What no part names is routed no more, and only the last one makes up the generation. */
  | { type: 'snapshot'; generation: number; services: ServiceRoute[]; more?: boolean }
  | { type: 'change'; generation: number; upsert: ServiceRoute[]; removeServiceIds: string[] }
  /** Report on these instances from now on, whenever their figures change and once at once: the ones being drained. */
  | { type: 'watch'; instanceIds: string[] }
  /** First of all and every few seconds: who hears nothing for long looks for another controller. One of an older version does not say so. */
  | { type: 'alive' }
  /** Instead of everything else: another controller has the routes. */
  | { type: 'notMine' }

export type FromGateway =
  /**
   * `takesParts`: of snapshots. A gateway of an older version does not say so, and gets all in one. `fresh`: it has accepted
   * nobody yet, so all that it will have counted comes from now on. `hearsAlive`: one of an older version would not know what
   * that is.
   */
  | {
      type: 'hello'
      gatewayId: string
      pid: number
      generation: number
      takesParts?: boolean
      fresh?: boolean
      hearsAlive?: boolean
    }
  /** Every request that begins after this line is routed by `generation`, also after a crash: it is kept on disk. */
  | { type: 'ack'; generation: number }
  /** `keysUsed`: ids of the access keys that let somebody in since the last one. */
  | {
      type: 'heartbeat'
      generation: number
      services: ServiceTraffic[]
      keysUsed?: string[]
      /** A gateway of an older version says nothing of it. */
      gateway?: GatewayFigures
    }
  /** The first request began to wait for these, which have no instance, or the last one ceased to: heartbeats tell how many do. */
  | { type: 'waiting'; generation: number; services: { serviceId: string; waiting: number }[] }
  | { type: 'instances'; generation: number; instances: InstanceReport[] }
  /** The last line: nobody is connected, nothing is in flight, and it ends. Nobody waits for its lease to run out. */
  | { type: 'bye'; generation: number }
