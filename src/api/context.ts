// What every route is given. The domain's functions take the context whole; the API itself never queries.
import type { OidcClient } from '../identity/oidc-client.ts'
import type { Passwords } from '../identity/passwords.ts'
import type { SecretBox } from '../identity/secret-box.ts'
import type { OrdersCtx } from '../orders/orders-ctx.ts'
import type { ServicesCtx } from '../services/services-ctx.ts'
import type { EventStreams } from './event-streams.ts'

export interface ApiContext {
  ctx: OrdersCtx & ServicesCtx
  box: SecretBox
  passwords: Passwords
  /** null: there is no identity provider. */
  oidc: OidcClient | null
  /** Those who follow what happens. */
  eventStreams: EventStreams
  /** Tells the reconcilers to look now; carries no data. */
  nudge(): void
  settings: ApiSettings
}

export interface ApiSettings {
  currency: string
  billingZone: string
  operatorContact: string
  /** Where inference requests go, as callers reach it: `http://127.0.0.1:8701`. */
  gatewayUrl: string
  /** The example model on this host, for a first deployment; null where it is not installed. */
  exampleModelPath: string | null
  version: string
  /** The API can be reached from this host only. */
  loopback: boolean
}
