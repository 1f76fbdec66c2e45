// What is counted of one request besides its way: told to its service's figures, and to the access log where there is one, when
// the request is over. One object serves all requests of a client connection, one after the other.

import type { Way } from '../exchange/way.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { AccessLog } from './access-log.ts'

export class Tally {
  /** 0: no answer has begun. */
  status = 0
  bytesIn = 0
  bytesOut = 0
  readonly #log: AccessLog | null
  #method = ''
  #path = ''
  #requestId = ''

  constructor(log: AccessLog | null) {
    this.#log = log
  }

  begin(head: RequestHead, bytes: Buffer): void {
    this.status = 0
    this.bytesIn = head.end - head.start
    this.bytesOut = 0
    if (this.#log === null) return
    this.#method = head.method
    this.#path = head.path(bytes)
    this.#requestId = head.find(bytes, 'x-request-id') ?? ''
  }

  /** Before the way forgets where it led. */
  end({ service, instanceId, retries }: Way, failed: boolean, lastedMs: number, client: string): void {
    const { status, bytesIn, bytesOut } = this
    service?.usage.ended(status, bytesIn, bytesOut)
    if (this.#log === null || !this.#log.takes(status, failed)) return
    this.#log.add({
      service: service?.route.name ?? '',
      ...{ serviceId: service?.route.serviceId ?? '', instanceId, method: this.#method, path: this.#path },
      ...{ status, bytesIn, bytesOut, lastedMs, requestId: this.#requestId, client, retries, failed },
    })
  }
}
