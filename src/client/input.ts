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

export type Input<K extends keyof Operations> = Wanted<'params', Operations[K]['params']> &
  Wanted<'query', Operations[K]['query']> &
  Wanted<'body', Operations[K]['body']>
