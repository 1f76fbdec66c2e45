// What browsers are told about our pages: scripts from our own files only, nothing framed, nothing guessed.

export interface PageOptions {
  /** Served over TLS: then browsers come back over TLS only. */
  secure: boolean
  /** Of this answer: styles that the page adds carry it. */
  nonce: string
  /** Origins besides our own that a page may call: the gateway. */
  connect?: readonly string[]
}

/** For the page. Its component library adds styles while it runs, marked with the nonce; no script may stand in the page. */
export function securityHeaders({ secure, nonce, connect = [] }: PageOptions): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    ["connect-src 'self'", ...connect].join(' '),
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    ...plainHeaders,
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
    ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  }
}

const plainHeaders = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' } as const

/** For everything that is answered; a page replaces the policy by its own. */
export function answerHeaders({ secure }: { secure: boolean }): Record<string, string> {
  return {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    ...plainHeaders,
    'cross-origin-resource-policy': 'same-origin',
    ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  }
}
