// What the operator says about models in berth.yaml, and what every fetch is bound by.

export interface ModelSettings {
  /** Addresses and networks that models may come from although they are not public. */
  allowPrivate: readonly string[]
  stores: readonly ObjectStore[]
}

/** A store that speaks S3's protocol. The operator named it, so its address need not be public. */
export interface ObjectStore {
  name: string
  /** `https://oss-cn-hangzhou.aliyuncs.com`, `http://10.0.0.7:9000`. */
  endpoint: string
  region: string
  /** The buckets, or parts of them (`models/public`), that services may read. */
  buckets: readonly string[]
  /** `https://endpoint/bucket/key`; else `https://bucket.endpoint/key`. */
  pathStyle: boolean
  /** null: the buckets are open to everybody. */
  accessKey: { id: string; secret: string } | null
}

export const noModels: ModelSettings = { allowPrivate: [], stores: [] }

export interface FetchLimits {
  /** Until the connection stands and the answer begins. */
  answerMs: number
  /** Without a byte for so long the connection counts as cut. */
  idleMs: number
  /** Pause after the first failure; doubled with each further one in a row, up to the largest. */
  firstPauseMs: number
  pauseMsMax: number
  /** Failures in a row, without a byte in between, after which it is given up. */
  failuresMax: number
  /** Of the host's disk: left to everybody else. */
  hostReserveBytes: number
}

export const fetchLimits: FetchLimits = {
  answerMs: 20_000,
  idleMs: 30_000,
  firstPauseMs: 1_000,
  pauseMsMax: 30_000,
  failuresMax: 6,
  hostReserveBytes: 256 * 2 ** 20,
}
