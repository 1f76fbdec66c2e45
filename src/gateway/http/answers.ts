// Answers of the gateway itself: `{code, message, requestId}` with EAS's status codes.

import { servedMethods } from './request-head.ts'

export interface OwnAnswer {
  status: number
  code: string
  message: string
  /** In place of the two, as JSON. */
  body?: string
}

const reasons: Record<number, string> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  450: 'Queue Full',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
}

const retry = 'retry-after: 1\r\n'
/** What HTTP wants said with a status. */
const fieldOf: Record<number, string> = {
  401: 'www-authenticate: Bearer\r\n',
  405: `allow: ${servedMethods.join(', ')}\r\n`,
  429: retry,
  450: retry,
  503: retry,
}

/** An answer as bytes. `bodiless` is for HEAD: the length without the body. */
export function ownAnswer(answer: OwnAnswer, requestId: string, closes: boolean, bodiless: boolean): string {
  const body = answer.body ?? JSON.stringify({ code: answer.code, message: answer.message, requestId })
  const says = fieldOf[answer.status] ?? ''
  return (
    `HTTP/1.1 ${answer.status} ${reasons[answer.status] ?? 'Error'}\r\ncontent-type: application/json\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${requestId}\r\n${says}` +
    `${closes ? 'connection: close\r\n' : ''}\r\n${bodiless ? '' : body}`
  )
}
