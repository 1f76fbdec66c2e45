// Notices by mail, through the operator's SMTP server. The same notice has the same Message-ID each time, so whoever gets it
// twice, because an answer was lost, sees it once.
import type { Transporter } from 'nodemailer'
import type { Channel } from './channel.ts'
import { mailText } from './mail-text.ts'

export interface MailConfig {
  host: string
  port: number
  /** `implicit`: from the first byte; `starttls`: asked for, and nothing is sent without. */
  tls: 'implicit' | 'starttls' | 'none'
  login: { user: string; password: string } | null
  /** Certificates in PEM that are trusted instead of the usual ones. */
  ca: string | null
  from: string
  to: readonly string[]
}

const timeoutMs = 10_000

/** `zone`: in which instants are said. */
export function mailChannel(config: MailConfig, zone: string): Channel {
  let transport: Promise<Transporter> | null = null
  return {
    name: 'mail',
    async send(notice) {
      transport ??= openTransport(config)
      const { from, to } = config
      const messageId = `<notice-${notice.id}-${notice.createdAt.epochMilliseconds}@${domainOf(from)}>`
      const headers = { 'Auto-Submitted': 'auto-generated' }
      const body = { ...mailText(notice, zone), textEncoding: 'base64' as const }
      await (await transport).sendMail({ from, to: [...to], messageId, headers, ...body })
    },
  }
}

/** The library is loaded by who sends mail: others need not carry it. */
async function openTransport({ host, port, tls, login, ca }: MailConfig): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  return createTransport({
    ...{ host, port, secure: tls === 'implicit', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none' },
    ...(login ? { auth: { user: login.user, pass: login.password } } : {}),
    ...(ca === null ? {} : { tls: { ca } }),
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  })
}

/** Of `Berth <berth@example.org>`. */
const domainOf = (from: string): string => /@([^@\s>]+)>?$/.exec(from)?.[1] ?? 'localhost'
