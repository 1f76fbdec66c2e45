// The one table from a refusal's code to its HTTP status. A code without a status does not compile.
import type { BillingRefusal } from '../billing/statement.ts'
import type { CatalogRefusal } from '../catalog/offering.ts'
import type { PriceRefusal } from '../catalog/price.ts'
import type { FleetRefusal } from '../fleet/machine.ts'
import type { IdentityRefusal } from '../identity/access.ts'
import type { InsightRefusal } from '../insight/explain.ts'
import type { LedgerRefusal } from '../ledger/transfer.ts'
import { type Details, Refusal } from '../lib/errors.ts'
import type { OrdersRefusal } from '../orders/order.ts'
import type { ServicesRefusal } from '../services/service.ts'
import type { BodyRefusal } from './json-body.ts'

export type ApiRefusal =
  | BodyRefusal
  | 'InvalidParameter'
  | 'MissingParameter'
  | 'UnsupportedMediaType'
  | 'RouteNotFound'
  | 'BodyTooLarge'
  | 'NotSigned'
  | 'NotImplemented'
  | 'ActionMismatch'
  | 'NeverDrained'
  | 'TlsNeeded'
  | 'CsrfRefused'
  | 'OidcNotConfigured'
  | 'GatewayUnreachable'
  | 'GatewayTimeout'
  | 'TooManyStreams'
  | 'DatabaseSilent'

export type AnyRefusal =
  | ApiRefusal
  | BillingRefusal
  | CatalogRefusal
  | PriceRefusal
  | FleetRefusal
  | InsightRefusal
  | IdentityRefusal
  | LedgerRefusal
  | OrdersRefusal
  | ServicesRefusal

export const statuses = {
  // The request is not one that could be done.
  MalformedJson: 400,
  JsonTooDeep: 400,
  JsonNumberOutOfRange: 400,
  JsonKeyRefused: 400,
  TextRefused: 400,
  InvalidParameter: 400,
  MissingParameter: 400,
  InvalidRequest: 400,
  InvalidGroupName: 400,
  InvalidReason: 400,
  InvalidDeadline: 400,
  InvalidDrainPlan: 400,
  InvalidName: 400,
  InvalidAmount: 400,
  InvalidPrice: 400,
  InvalidStock: 400,
  InvalidCatalog: 400,
  InvalidServiceConfig: 400,
  UnsupportedServiceConfig: 400,
  InvalidReplicas: 400,
  InvalidAutoscaler: 400,
  InvalidCronScaler: 400,
  InvalidLogQuery: 400,
  InvalidPeriod: 400,
  InvalidWeights: 400,
  InvalidMirror: 400,
  NotInTrafficGroup: 400,
  UnknownRegion: 400,
  UnknownZone: 400,
  UnknownSpec: 400,
  NotOffered: 400,
  DurationNotSold: 400,
  AmountTooLarge: 400,
  GroupInOtherRegion: 400,
  TooManyMachines: 400,
  EngineNotSupported: 400,
  ActionMismatch: 400,
  IncompleteSignature: 400,
  WeakPassword: 400,
  NotAMemberRole: 400,
  OidcFailed: 400,
  // Who asks is not known.
  NotSigned: 401,
  'InvalidAccessKeyId.NotFound': 401,
  SignatureDoesNotMatch: 401,
  SignatureNonceUsed: 401,
  'InvalidTimeStamp.Expired': 401,
  SignInFailed: 401,
  SessionExpired: 401,
  UserDisabled: 401,
  // It needs money first.
  BalanceInsufficient: 402,
  AccountInArrears: 402,
  Forbidden: 403,
  PrepaidNotExpired: 403,
  CsrfRefused: 403,
  TlsNeeded: 403,
  WrongPassword: 403,
  IdentityNotKnown: 403,
  // Not there, or another account's: the same answer (Q64).
  RouteNotFound: 404,
  GroupNotFound: 404,
  MachineNotFound: 404,
  DrainPlanNotFound: 404,
  NeverDrained: 404,
  OrderNotFound: 404,
  TransferNotFound: 404,
  QuoteNotFound: 404,
  AccountNotFound: 404,
  UserNotFound: 404,
  AccessKeyNotFound: 404,
  WorkspaceNotFound: 404,
  SessionNotFound: 404,
  MemberNotFound: 404,
  OidcNotConfigured: 404,
  ServiceNotFound: 404,
  ServiceInstanceNotFound: 404,
  ServiceVersionNotFound: 404,
  NoAutoscaler: 404,
  ServiceKeyNotFound: 404,
  TrafficGroupNotFound: 404,
  NoCronScaler: 404,
  // It could be done, but not now, as things stand.
  GroupNameTaken: 409,
  GroupNotEmpty: 409,
  NameInUse: 409,
  EmailInUse: 409,
  LastOwner: 409,
  OwnUser: 409,
  MachineNotRunning: 409,
  MachineHeld: 409,
  MachineNotEmpty: 409,
  MachineLeaving: 409,
  MachineReleased: 409,
  MachineExpired: 409,
  NoDrainUnderWay: 409,
  NotPrepaid: 409,
  NothingToRenew: 409,
  NothingToAlign: 409,
  AlignmentTooFar: 409,
  RenewalConflict: 409,
  ResizeConflict: 409,
  ResizeUnderWay: 409,
  DiskAtMost: 409,
  MachineLost: 409,
  DrainPlanEnded: 409,
  NothingToRefund: 409,
  RefundConflict: 409,
  OrderInProgress: 409,
  OrderStateConflict: 409,
  QuoteExpired: 409,
  IdempotentParameterMismatch: 409,
  ServiceNameTaken: 409,
  OutsideAutoscaler: 409,
  ServiceNotRunning: 409,
  ServiceDeleting: 409,
  WorldChanged: 409,
  TrafficGroupNameTaken: 409,
  TrafficGroupUnserved: 409,
  AlreadyInTrafficGroup: 409,
  OnlyServiceKey: 409,
  NothingToSwitchBack: 409,
  NoRollout: 409,
  RolloutPaused: 409,
  RolloutNotPaused: 409,
  NotWaitingForRoom: 409,
  SwapDoesNotHelp: 409,
  BelowFloor: 409,
  LastOneServing: 409,
  NotToIsolate: 409,
  NotIsolated: 409,
  IsIsolated: 409,
  GroupChanged: 412,
  ServiceChanged: 412,
  BodyTooLarge: 413,
  UnsupportedMediaType: 415,
  // Not so often.
  TooManyAttempts: 429,
  SignInBusy: 429,
  TooManyStreams: 429,
  NotImplemented: 501,
  GatewayUnreachable: 502,
  DatabaseSilent: 503,
  GatewayTimeout: 504,
} as const satisfies Record<AnyRefusal, number>

export interface Problem {
  status: number
  code: string
  message: string
  details: Details
}

/** A refusal with its status; anything else is our fault, logged by the caller and told without its inside. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) {
    const status = (statuses as Record<string, number | undefined>)[error.code] ?? 500
    return { status, code: error.code, message: error.message, details: error.details }
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return { status: 413, code: 'BodyTooLarge', message: 'The body is larger than 1 MiB.', details: {} }
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (status >= 400 && status < 500) {
    return {
      status,
      code: 'InvalidParameter',
      message: error instanceof Error ? error.message : 'bad request',
      details: {},
    }
  }
  return {
    status: 500,
    code: 'InternalError',
    message: 'Something went wrong on our side; the request id finds it in the log of control.',
    details: {},
  }
}
