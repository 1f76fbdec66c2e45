// What every refusal owes: the status, the field at fault, a sentence for a person, the request's id, and nothing written.
import { expect } from 'vitest'
import type { TestApi } from './harness.ts'
import type { Caller, Sent } from './send.ts'
import { pictureOf } from './world.ts'

export interface BadCall extends Sent {
  as?: Caller | null
  /** `POST /v1/quotes`, as on the wire. */
  call: string
  status?: number
  code?: string
  /** null: no field is at fault. */
  field?: string | null
}

export async function expectRefused(api: TestApi, { as = api.owner, call, ...bad }: BadCall): Promise<string> {
  const before = await pictureOf(api.db)
  const at = call.indexOf(' ')
  const answer = await api.send(as, call.slice(0, at), call.slice(at + 1), bad)
  const { body, text } = answer
  expect(answer.status, text).toBe(bad.status ?? 400)
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  expect(Object.keys(body).sort()).toEqual(['code', 'details', 'message', 'requestId'])
  if (bad.code !== undefined) expect(body.code).toBe(bad.code)
  if (bad.field !== null) {
    expect(body.details?.field, text).toBe(bad.field)
    // The sentence names the field as well, or its last part; of what is not found it says what it is.
    if (answer.status !== 404)
      expect(body.message).toContain(
        bad.field
          ?.split('.')
          .at(-1)
          ?.replace(/\[\d+\]$/, ''),
      )
  }
  expect(body.message?.length).toBeGreaterThan(10)
  expect(body.requestId).toMatch(/^req-\w{20}$/)
  expect(answer.headers['x-request-id']).toBe(body.requestId)
  expect(await pictureOf(api.db)).toEqual(before)
  return body.message ?? ''
}
