// What is sent and answered in the drain soak, made from a request's id on both sides: each can tell a body or an event that is
// another's, torn or incomplete. Shared by the load and by the service, so it imports nothing of Berth.
import { createHash } from 'node:crypto'

const poolBytes = 64 * 1024
const pool = Buffer.concat(
  Array.from({ length: poolBytes / 32 }, (_, block) => createHash('sha256').update(`block ${block}`).digest()),
)

export const bodyBytesMax = poolBytes / 2

/** `bytes` long, other for each id. */
export function bodyOf(id: string, bytes: number): Buffer {
  const digest = createHash('sha256').update(id).digest()
  const from = digest.readUInt16BE(0) % (poolBytes - bytes)
  return Buffer.concat([digest, pool.subarray(from, from + bytes)]).subarray(0, bytes)
}

/** The n-th event of the stream that answers `id`. */
export const eventOf = (id: string, n: number): string => `id: ${n}\ndata: ${id} ${n}\n\n`

/** The last one, which says how many came before. */
export const lastEventOf = (id: string, count: number): string => `event: end\ndata: ${id} ${count}\n\n`
