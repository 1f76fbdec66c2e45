// The identity provider's side of a sign-in: where to send the browser, and what the provider says of who came back.
// Code flow with PKCE, state and nonce; what must be remembered in between travels sealed with the browser.
import * as client from 'openid-client'
import { Refusal } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { IdentityRefusal } from './access.ts'

export interface OidcOptions {
  /** `https://login.example.org` */
  issuer: string
  clientId: string
  clientSecret: string | null
  scope: string
  /** Where the provider sends the browser back; null: this API, as the browser reaches it. */
  redirectUrl: string | null
  /** The claim with the user's e-mail. */
  emailClaim: string
  /** Takes the e-mail without `email_verified`: for providers that verify and do not say so. */
  trustEmail: boolean
}

export interface OidcRequest {
  url: string
  /** To be remembered until the browser is back. */
  pending: OidcPending
}

export interface OidcPending {
  verifier: string
  state: string
  nonce: string
  redirectUrl: string
}

/** Who came back, as the provider vouches for it. */
export interface OidcIdentity {
  issuer: string
  subject: string
  /** Verified; null: the provider vouches for none. */
  email: string | null
}

export class OidcClient {
  readonly #options: OidcOptions
  readonly #log: Logger
  #found: Promise<client.Configuration> | null = null

  constructor(options: OidcOptions, log: Logger) {
    this.#options = options
    this.#log = log
  }

  async begin(ownRedirectUrl: string): Promise<OidcRequest> {
    const configuration = await this.#configuration()
    const pending = {
      ...{ verifier: client.randomPKCECodeVerifier(), state: client.randomState(), nonce: client.randomNonce() },
      redirectUrl: this.#options.redirectUrl ?? ownRedirectUrl,
    }
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: pending.redirectUrl,
      scope: this.#options.scope,
      code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      nonce: pending.nonce,
    })
    return { url: url.href, pending }
  }

  /** `query` is what the browser came back with. */
  async finish(pending: OidcPending, query: string): Promise<OidcIdentity> {
    const configuration = await this.#configuration()
    const back = new URL(pending.redirectUrl)
    back.search = query
    try {
      const answer = await client.authorizationCodeGrant(configuration, back, {
        pkceCodeVerifier: pending.verifier,
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        idTokenExpected: true,
      })
      const idClaims = answer.claims()
      if (!idClaims) throw new Error('the provider sent no ID token')
      const { emailClaim } = this.#options
      const asked = idClaims[emailClaim] === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
      const more = asked ? await client.fetchUserInfo(configuration, answer.access_token, idClaims.sub) : {}
      const claims: Record<string, unknown> = { ...idClaims, ...more }
      const email = claims[emailClaim]
      const verified = claims.email_verified === true || this.#options.trustEmail
      return {
        issuer: idClaims.iss,
        subject: idClaims.sub,
        email: verified && typeof email === 'string' ? email : null,
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'a sign-in with the identity provider failed')
      throw new Refusal<IdentityRefusal>('OidcFailed', 'The identity provider did not confirm the sign-in; try again.')
    }
  }

  /** Asked once; again after a failure. */
  #configuration(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.#options
    const url = new URL(issuer)
    // The configuration takes http only for a provider on the loopback.
    const options = url.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {}
    this.#found ??= client
      .discovery(url, clientId, clientSecret ?? undefined, clientSecret === null ? client.None() : undefined, options)
      .catch((error: unknown) => {
        this.#found = null
        this.#log.warn({ err: error, issuer }, 'the identity provider does not answer')
        throw new Refusal<IdentityRefusal>('OidcFailed', 'The identity provider does not answer; try again later.')
      })
    return this.#found
  }
}
