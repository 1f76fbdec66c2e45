// What an operation of /v1 takes, by its name: shared by the signed client of Node and the browser's.
import type { Operations } from './generated.ts'

type Part<T> = T extends null ? unknown : T
type Wanted<Key extends string, T> = T extends null | Record<never, never>
  ? keyof Part<T> extends never
    ? { [K in Key]?: undefined }
    : Record<never, never> extends T
      ? { [K in Key]?: T }
      : { [K in Key]: T }
  : { [K in Key]: T }

/**
 * Operation by operation: put together for all at once, their union is more than the compiler takes. With `-?` it keeps the
 * table a table; without, it puts `K` into the right-hand side and is where it was.
 */
type Inputs = {
  [K in keyof Operations]-?: Wanted<'params', Operations[K]['params']> &
    Wanted<'query', Operations[K]['query']> &
    Wanted<'body', Operations[K]['body']>
}

export type Input<K extends keyof Operations> = Inputs[K]
