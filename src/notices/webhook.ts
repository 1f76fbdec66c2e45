// Notices to a webhook, signed as standardwebhooks.com has it: whoever receives one can tell that it is ours, that it is whole,
// and whether it came before. Delivered at least once; `webhook-id` is the same each time.
import { createHmac } from 'node:crypto'
import type { Channel } from './channel.ts'
import type { Notice } from './notice.ts'
import { severityOf } from './notice.ts'

export interface WebhookConfig {
  url: string
  /** The key of the signature: `whsec_` and 24 to 64 bytes in base64. */
  secret: string
}

const timeoutMs = 10_000

/** `v1,<base64 of HMAC-SHA256>` over `<id>.<timestamp>.<body>`. */
export function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

export function bodyOf({ id, kind, accountId, subjectKind, subjectId, createdAt, data }: Notice): string {
  const noticeId = id.toString()
  return JSON.stringify({
    type: kind,
    timestamp: createdAt.toString(),
    data: { noticeId, accountId, severity: severityOf(kind), subjectKind, subjectId, ...data },
  })
}

export const webhookChannel = (config: WebhookConfig): Channel => ({
  name: 'webhook',
  send: (notice, now) => sendToWebhook(config, notice, now),
})

/** Sends one; refuses to follow redirects. Throws unless it was taken with a 2xx. */
async function sendToWebhook({ url, secret }: WebhookConfig, notice: Notice, now: Temporal.Instant): Promise<void> {
  const id = `notice-${notice.id}`
  const timestamp = Math.floor(now.epochMilliseconds / 1_000).toString()
  const body = bodyOf(notice)
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureOf(secret, id, timestamp, body),
    },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`the webhook answered ${response.status}`)
}
