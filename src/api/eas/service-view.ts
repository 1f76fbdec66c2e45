// A service as EAS shows it. What has no counterpart here is empty, off or 0, in the type that clients expect.
import { listGroups } from '../../fleet/resource-groups.ts'
import type { ServiceView } from '../../services/services.ts'
import { membershipsOf } from '../../services/traffic/traffic-groups.ts'
import type { ApiContext } from '../context.ts'
import { coresUsed, iso } from './wire.ts'

export type EasService = ReturnType<typeof serviceOf>

export const endpointOf = ({ settings }: ApiContext, name: string): string =>
  `${settings.gatewayUrl}/api/predict/${name}`

/** As lists have it: without endpoints and key. */
export async function servicesOf({ ctx }: ApiContext, services: readonly ServiceView[]) {
  const ids = [...new Set(services.map(service => service.groupId))]
  const [first] = services
  const groups = first ? await listGroups(ctx.db, { accountId: first.accountId, ids, limit: ids.length }) : []
  const names = new Map(groups.map(group => [group.id, group.name]))
  const memberships = await membershipsOf(
    ctx.db,
    services.map(service => service.id),
  )
  return services.map(service => {
    const resourceName = names.get(service.groupId) ?? service.groupId
    return serviceOf(service, resourceName, memberships.get(service.id) ?? null)
  })
}

/** A member that takes part is `grouping`; one with a weight of 0 is released from it, as one that is in no group. */
function serviceOf(
  service: ServiceView,
  resourceName: string,
  membership: { groupName: string; weight: number } | null,
) {
  const { spec } = service
  const labels = service.source.labels
  return {
    ServiceId: service.id,
    ServiceName: service.name,
    ServiceUid: service.id,
    ServiceConfig: JSON.stringify(service.source),
    Status: service.status,
    Reason: service.status.toUpperCase(),
    Message: service.reason,
    Region: service.regionId,
    Resource: service.groupId,
    ResourceAlias: resourceName,
    ResourceBurstable: false,
    WorkspaceId: service.workspaceId,
    ParentUid: service.accountId,
    CallerUid: service.actor.replace(/^user:/, ''),
    // A whole number in EAS; a part of a core counts as one.
    Cpu: Math.ceil(coresUsed(spec.cpuMilli)),
    Memory: spec.memoryMib,
    Gpu: spec.gpuCount,
    GPUMemory: Math.ceil(spec.gpuMemoryMib / 1024),
    GPUCorePercentage: 0,
    Image: spec.program.kind === 'image' ? spec.program.image : '',
    TotalInstance: service.replicas,
    RunningInstance: service.running,
    PendingInstance: service.pending,
    InstanceCountInResource: { Dedicated: service.running, Public: 0, Quota: 0 },
    CurrentVersion: service.version,
    LatestVersion: service.version,
    Labels: isLabels(labels) ? Object.entries(labels).map(([LabelKey, LabelValue]) => ({ LabelKey, LabelValue })) : [],
    CreateTime: iso(service.createdAt),
    UpdateTime: iso(service.updatedAt),
    ServiceGroup: membership?.groupName ?? '',
    TrafficState: membership !== null && membership.weight > 0 ? 'grouping' : 'standalone',
    SafetyLock: 'none',
    Weight: membership?.weight ?? 100,
    WorkloadType: 'deployment',
    AutoscalerEnabled: service.autoscaler !== null,
    CronscalerEnabled: service.cronScaler !== null,
    ...unknownHere,
  }
}

const isLabels = (value: unknown): value is Record<string, string> => typeof value === 'object' && value !== null

const unknownHere = {
  AccessToken: '',
  AppConfig: '',
  AppSpecName: '',
  AppType: '',
  AppVersion: '',
  ExtraData: '{}',
  Gateway: '',
  InternetEndpoint: '',
  IntranetEndpoint: '',
  Namespace: '',
  QuotaId: '',
  Role: '',
  RoleAttrs: '',
  SecondaryInternetEndpoint: '',
  SecondaryIntranetEndpoint: '',
  Source: '',
} as const
