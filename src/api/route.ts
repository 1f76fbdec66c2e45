// A route is declared once: validation, permission, OpenAPI, the typed client and the CLI's help all come from it.
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Actor } from '../events/event.ts'
import type { Action, Principal } from '../identity/access.ts'
import type { Visit } from './caller.ts'
import type { ApiContext } from './context.ts'

export type Shape = Record<string, z.ZodType>
type Output<S extends Shape> = z.output<z.ZodObject<S>>

export interface Call<P extends Shape, Q extends Shape, B extends Shape> {
  params: Output<P>
  query: Output<Q>
  body: Output<B>
  principal: Principal
  /** The principal as the domain's functions take it. */
  actor: Actor
  requestId: string
  visit: Visit
  /** For what is noted with it. */
  request: FastifyRequest
}

/** Lines that are sent as they come: plain, CSV or, one event a line, server-sent events; ends with the iterable. */
export interface Stream {
  contentType: 'text/plain; charset=utf-8' | 'text/csv; charset=utf-8' | 'text/event-stream'
  /** Browsers save it under this name. */
  fileName?: string
  lines(signal: AbortSignal): AsyncIterable<string>
  /** Aborts when nothing more may be told, whether or not the caller reads. */
  ends?: AbortSignal
}

export interface RouteOptions<P extends Shape, Q extends Shape, B extends Shape, R extends z.ZodType> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `{name}` marks a parameter, as in OpenAPI. */
  path: `/v1/${string}`
  summary: string
  /** The noun it belongs to: the section of the document and the CLI's command. */
  tag: string
  /** What the caller must be allowed to do; `anyone` needs no credentials. */
  can: Action | 'anyone'
  /** 200 by default; 201 for made, 202 for "will happen", 204 for nothing to say. */
  status?: 200 | 201 | 202 | 204
  params?: P
  query?: Q
  body?: B
  returns: R
  /** Answers lines instead of `returns`; plain text unless told. */
  streams?: boolean | 'text/event-stream'
  /** A question with a body: it changes nothing, so the audit does not tell of it. */
  asks?: boolean
  handle(context: ApiContext, call: Call<P, Q, B>): Promise<z.input<R> | Stream>
}

/** A route with its types erased, as the server and the OpenAPI document take it. */
export interface Route {
  method: RouteOptions<Shape, Shape, Shape, z.ZodType>['method']
  path: string
  summary: string
  tag: string
  can: Action | 'anyone'
  status: number
  params: z.ZodObject
  query: z.ZodObject
  body: z.ZodObject | null
  returns: z.ZodType
  streams: boolean | 'text/event-stream'
  asks: boolean
  handle(context: ApiContext, call: Call<Shape, Shape, Shape>): Promise<unknown>
}

/** Unknown fields are refused in every part of the input: a misspelt option must not pass in silence. */
export function defineRoute<
  R extends z.ZodType,
  P extends Shape = Record<never, never>,
  Q extends Shape = Record<never, never>,
  B extends Shape = Record<never, never>,
>(options: RouteOptions<P, Q, B, R>): Route {
  return {
    method: options.method,
    path: options.path,
    summary: options.summary,
    tag: options.tag,
    can: options.can,
    status: options.status ?? 200,
    params: z.strictObject(options.params ?? {}),
    query: z.strictObject(options.query ?? {}),
    body: options.body ? z.strictObject(options.body) : null,
    returns: options.returns,
    streams: options.streams ?? false,
    asks: options.asks ?? false,
    handle: (context, call) => options.handle(context, call as unknown as Call<P, Q, B>),
  }
}

export const isStream = (value: unknown): value is Stream =>
  typeof value === 'object' && value !== null && 'lines' in value && 'contentType' in value
