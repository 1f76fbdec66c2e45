// Refusals as EAS's clients expect them: its error shape, its families of codes, its names of fields.
import type { Problem } from '../problem.ts'
import type { ProblemWriter } from '../server.ts'

/** Codes that have another name here; the rest keep theirs. */
const codes: Readonly<Record<string, string>> = {
  RouteNotFound: 'InvalidAction.NotFound',
  ActionMismatch: 'InvalidAction',
  Forbidden: 'NoPermission',
  MalformedJson: 'InvalidParameter',
  JsonTooDeep: 'InvalidParameter',
  JsonNumberOutOfRange: 'InvalidParameter',
  JsonKeyRefused: 'InvalidParameter',
  TextRefused: 'InvalidParameter',
  InvalidRequest: 'InvalidParameter',
  InvalidGroupName: 'InvalidParameter',
  InvalidReason: 'InvalidParameter',
  InvalidReplicas: 'InvalidParameter',
  InvalidServiceConfig: 'InvalidParameter',
  UnsupportedServiceConfig: 'InvalidParameter',
  EngineNotSupported: 'InvalidParameter',
  GroupNotFound: 'InvalidResource.NotFound',
  MachineNotFound: 'InvalidResourceInstance.NotFound',
  ServiceNotFound: 'InvalidService.NotFound',
  ServiceInstanceNotFound: 'InvalidServiceInstance.NotFound',
  ServiceVersionNotFound: 'InvalidServiceVersion.NotFound',
  WorkspaceNotFound: 'InvalidWorkspace.NotFound',
  UnknownRegion: 'InvalidRegion.NotFound',
  UnknownZone: 'InvalidZone.NotFound',
  UnknownSpec: 'InvalidInstanceType.NotFound',
  NotOffered: 'InvalidInstanceType.NotSupported',
  DurationNotSold: 'InvalidPeriod.NotSupported',
  GroupNameTaken: 'Resource.AlreadyExist',
  ServiceNameTaken: 'Service.AlreadyExist',
  BalanceInsufficient: 'InsufficientBalance',
  AccountInArrears: 'Account.Arrearage',
  PrepaidNotExpired: 'OperationDenied.PrePaidNotExpired',
  OrderInProgress: 'OperationDenied.OrderInProgress',
  GroupNotEmpty: 'OperationDenied.ResourceNotEmpty',
  MachineNotEmpty: 'OperationDenied.InstanceNotEmpty',
  MachineNotRunning: 'OperationDenied.InstanceNotRunning',
  MachineHeld: 'OperationDenied.InstanceHeld',
  MachineLeaving: 'OperationDenied.InstanceDeleting',
  ServiceNotRunning: 'OperationDenied.ServiceNotRunning',
  ServiceDeleting: 'OperationDenied.ServiceDeleting',
}

/** What a field of ours is called here. */
const fields: Readonly<Record<string, string>> = {
  zoneId: 'Zone',
  zone: 'Zone',
  specId: 'EcsInstanceType',
  spec: 'EcsInstanceType',
  chargeType: 'ChargeType',
  quantity: 'EcsInstanceCount',
  months: 'Period',
  systemDiskGib: 'SystemDiskSize',
  groupName: 'ResourceName',
  name: 'ResourceName',
  groupId: 'ResourceId',
  autoRenew: 'AutoRenewal',
  partialOk: 'PartialOk',
  acceptGap: 'AcceptGap',
  clientToken: 'ClientToken',
  reason: 'Reason',
  replicas: 'Instance',
}

export const easProblem =
  (host: string): ProblemWriter =>
  (problem, requestId) => ({
    RequestId: requestId,
    HostId: host,
    Code: own(codes, problem.code) ?? problem.code,
    Message: messageOf(problem),
    Recommend: typeof problem.details.instead === 'string' ? problem.details.instead : '',
  })

/** A field may have any name: `constructor` is none of ours. */
const own = (names: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(names, name) ? names[name] : undefined

/** Our refusals begin with the field at fault, or say what to give it; its reader knows it by another name. */
function messageOf({ message, details, code }: Problem): string {
  const { field } = details
  if (typeof field !== 'string' || field === '') return message
  const here = own(fields, field)
  const named = new RegExp(`^${field}\\b|\\b${field}(?=: )`)
  if (here !== undefined && named.test(message)) return message.replace(named, here)
  const inConfig = code === 'InvalidServiceConfig' || code === 'UnsupportedServiceConfig'
  return inConfig && !message.includes(field) ? `${field}: ${message}` : message
}
