import type { Notice } from './notice.ts'

export type ChannelName = 'webhook' | 'mail'

/** A way by which notices leave. Each notice goes out by each once. */
export interface Channel {
  name: ChannelName
  /** Throws unless it was taken. May come again with the same notice, and then shows that it is the same. */
  send(notice: Notice, now: Temporal.Instant): Promise<void>
}
