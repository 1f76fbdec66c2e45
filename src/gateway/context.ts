// What all connections of one gateway process share, and what an exchange asks of the client's side.
import type { Socket } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import type { AdmissionDesk } from './admission/admission-desk.ts'
import type { Mirrors } from './exchange/mirror.ts'
import type { Sending } from './exchange/sending.ts'
import type { WaitingRoom } from './exchange/waiting.ts'
import type { AccessLog } from './figures/access-log.ts'
import type { OwnAnswer } from './http/answers.ts'
import type { RequestHead } from './http/request-head.ts'
import type { ResponseHead } from './http/response-head.ts'
import type { FastRandom } from './instances/balance.ts'
import type { EndpointPool } from './instances/upstream.ts'
import type { GatewayLimits } from './limits.ts'
import type { RouteTable } from './routes/route-table.ts'

export interface GatewayContext {
  readonly clock: Clock
  readonly random: FastRandom
  readonly limits: GatewayLimits
  readonly table: RouteTable<EndpointPool>
  readonly desk: AdmissionDesk
  readonly mirrors: Mirrors
  /** One each for all connections: a head is used up before another is parsed. */
  readonly requestHead: RequestHead
  readonly responseHead: ResponseHead
  readonly waiting: WaitingRoom
  readonly sending: Sending
  /** Nothing new is accepted, and answers end their connection. */
  closing: boolean
  /** While closing: connections that are kept without a request stay, for the one that may be on the way. */
  servesIdle: boolean
  /** null: none is wanted. */
  readonly accessLog: AccessLog | null
  /** Of the gateway itself, to a request for which no service was asked. */
  countOwnAnswer(status: number): void
  nextRequestId(): string
}

export interface ExchangeClient {
  readonly socket: Socket
  /** Of the client, or of a proxy before it. */
  readonly address: string
  /** The lines of ours that a request gets: who sent it. */
  readonly forwarded: Buffer
  answer(answer: OwnAnswer, closes: boolean, bodiless: boolean): void
  exchangeDone(closes: boolean, nowMs: number): void
  upgraded(): void
  cut(reset: boolean): void
  /** After its end: one that has closed its connection is found out, and `clientClosed` follows. */
  askWhetherGone(): void
}
