// How values cross between TypeScript and PostgreSQL, for our connections only: int8 ↔ bigint, timestamptz ↔
// Temporal.Instant, date ↔ 'YYYY-MM-DD'. Never Date, never a float for an int8.
import pg from 'pg'

const oid = { int8: 20, date: 1082, timestamptz: 1184, int8Array: 1016, dateArray: 1182, timestamptzArray: 1185 }

type Parser = (text: string) => unknown

const toInstant: Parser = text => Temporal.Instant.from(text)
const same: Parser = text => text

/** One-dimensional arrays of values that hold no comma, quote or backslash: numbers, dates and instants. */
const arrayOf =
  (parse: Parser): Parser =>
  text =>
    text === '{}'
      ? []
      : text
          .slice(1, -1)
          .split(',')
          .map(item => (item === 'NULL' ? null : parse(item.replaceAll('"', ''))))

const parsers = new Map<number, Parser>([
  [oid.int8, BigInt],
  [oid.date, same],
  [oid.timestamptz, toInstant],
  [oid.int8Array, arrayOf(BigInt)],
  [oid.dateArray, arrayOf(same)],
  [oid.timestamptzArray, arrayOf(toInstant)],
])

/** For the `types` of a pool; all other types keep pg's own parsers. */
export const wireTypes: pg.CustomTypesConfig = {
  getTypeParser: (id: number, format?: 'text' | 'binary') =>
    format === 'binary'
      ? pg.types.getTypeParser(id, 'binary')
      : (parsers.get(id) ?? pg.types.getTypeParser(id, 'text')),
}

/**
 * PostgreSQL keeps microseconds and would round the rest half-up, into the future: a value is cut here, so that an instant
 * never reads back later than it was written.
 */
export const toMicroseconds = (instant: Temporal.Instant): Temporal.Instant =>
  instant.round({ smallestUnit: 'microsecond', roundingMode: 'floor' })

/** A query parameter as pg takes it: it would send an Instant as quoted JSON. Other objects travel as JSON. */
export function toWire(value: unknown): unknown {
  if (value instanceof Temporal.Instant) return toMicroseconds(value).toString()
  if (Array.isArray(value)) return value.map(toWire)
  return value
}
