// Services: deployed, listed, changed. Their JSON is EAS's own; a service is named by its region and name.
import { may } from '../../identity/access.ts'
import {
  deleteService,
  deployService,
  restartService,
  scaleService,
  startService,
  stopService,
  updateService,
} from '../../services/deploy.ts'
import {
  countServices,
  getService,
  listServices,
  listServiceVersions,
  type ServiceView,
} from '../../services/services.ts'
import { newestKey } from '../../services/traffic/service-keys.ts'
import type { ApiContext } from '../context.ts'
import { visibleWorkspaces, writableWorkspaces } from '../workspace-scope.ts'
import {
  type EasCall,
  type EasOperation,
  type EasOperations,
  list,
  map,
  notServed,
  oneOf,
  param,
  readBody,
  readQuery,
  text,
  whole,
} from './call.ts'
import { groupOfPath } from './resources.ts'
import { serviceFilters, serviceMatches } from './service-filter.ts'
import { type EasService, endpointOf, servicesOf } from './service-view.ts'
import {
  computedMax,
  iso,
  listed,
  order,
  type Page,
  pageOfItems,
  pageOfRows,
  paging,
  refuseTooMany,
  sorted,
} from './wire.ts'

export const keyOf = (call: EasCall) => ({ name: param(call, 'ServiceName'), regionId: param(call, 'ClusterId') })

// ── lists ──

const sortKeys = {
  CreateTime: service => service.CreateTime,
  UpdateTime: service => service.UpdateTime,
  ServiceName: service => service.ServiceName,
  Status: service => service.Status,
  Cpu: service => service.Cpu,
  Gpu: service => service.Gpu,
  Memory: service => service.Memory,
} as const satisfies Record<string, (service: EasService) => string | number>
type SortKey = keyof typeof sortKeys

const listQuery = {
  ...paging,
  Order: order,
  Sort: oneOf(...(Object.keys(sortKeys) as SortKey[])).default('CreateTime'),
  ServiceName: text.optional(),
  ResourceId: text.optional(),
  WorkspaceId: text.optional(),
  ...serviceFilters,
}

async function listAll(context: ApiContext, call: EasCall) {
  const query = readQuery(call, listQuery)
  const { db } = context.ctx
  const filter = {
    accountId: call.actor.accountId,
    ...(await visibleWorkspaces(context, call.principal)),
    ...(query.ServiceName === undefined ? {} : { nameContains: query.ServiceName }),
    ...(query.ResourceId === undefined ? {} : { groupId: query.ResourceId }),
    ...(query.WorkspaceId === undefined ? {} : { workspaceId: query.WorkspaceId }),
  }
  const matches = serviceMatches(query)
  if (matches === null && query.Sort === 'CreateTime') return pageOfServices(context, query, filter)
  refuseTooMany(await countServices(db, filter), 'This filter or Sort', 'narrow it by ServiceName or ResourceId.')
  const all: ServiceView[] = []
  for (let more = true; more; ) {
    const last = all.at(-1)
    const next = await listServices(context.ctx, { ...filter, ...(last ? { after: last } : {}), limit: 1_000 })
    all.push(...next)
    more = next.length === 1_000 && all.length < computedMax
  }
  const shown = await servicesOf(context, all)
  const found = sorted(matches === null ? shown : shown.filter(matches), sortKeys[query.Sort], query.Order)
  return { ...listed(query, found.length), Services: pageOfItems(query, found) }
}

async function pageOfServices(
  context: ApiContext,
  query: Page & { Order: 'Asc' | 'Desc' },
  filter: Parameters<typeof countServices>[1],
) {
  const { db } = context.ctx
  const page = await pageOfRows(query, {
    count: () => countServices(db, filter),
    rows: range => listServices(context.ctx, { ...filter, ...range }),
  })
  return { ...listed(query, page.total), Services: await servicesOf(context, page.rows) }
}

async function listResourceServices(context: ApiContext, call: EasCall) {
  const query = readQuery(call, paging)
  const group = await groupOfPath(context, call)
  return pageOfServices(context, { ...query, Order: 'Desc' }, { accountId: group.accountId, groupId: group.id })
}

async function listVersions({ ctx }: ApiContext, call: EasCall) {
  const query = readQuery(call, paging)
  const versions = await listServiceVersions(ctx.db, call.actor.accountId, keyOf(call))
  const shown = versions.map(({ version, source, actor, createdAt }) => ({
    ImageId: version,
    BuildTime: iso(createdAt),
    ImageAvailable: 'true',
    ServiceRunnable: 'true',
    ServiceConfig: JSON.stringify(source),
    Message: `by ${actor}`,
  }))
  return { ...listed(query, shown.length), Versions: pageOfItems(query, shown) }
}

// ── one service ──

/** Whoever may not call the service does not see its key. */
async function accessKeyFor({ ctx }: ApiContext, call: EasCall): Promise<string> {
  if (!may(call.principal.role, 'service.invoke')) return ''
  return newestKey(ctx, call.actor.accountId, { service: keyOf(call) })
}

async function describeService(context: ApiContext, call: EasCall) {
  const { db } = context.ctx
  const found = await getService(context.ctx, call.actor.accountId, keyOf(call))
  const [latest] = await listServiceVersions(db, call.actor.accountId, { id: found.id })
  const endpoint = endpointOf(context, found.name)
  const [shown] = await servicesOf(context, [found])
  return {
    ...shown,
    LatestVersion: latest?.version ?? found.version,
    AccessToken: await accessKeyFor(context, call),
    InternetEndpoint: endpoint,
    IntranetEndpoint: endpoint,
  }
}

async function describeEndpoints(context: ApiContext, call: EasCall) {
  const found = await getService(context.ctx, call.actor.accountId, keyOf(call))
  const endpoint = endpointOf(context, found.name)
  const url = URL.parse(endpoint)
  const endpoints = [endpoint]
  return {
    AccessToken: await accessKeyFor(context, call),
    Message: '',
    Endpoints: [
      {
        EndpointType: 'DefaultGateway',
        BackendId: 'default',
        PathType: 'Service',
        Port: Number(url?.port) || (url?.protocol === 'https:' ? 443 : 80),
        InternetEndpoints: endpoints,
        IntranetEndpoints: endpoints,
      },
    ],
  }
}

async function createService(context: ApiContext, call: EasCall) {
  const query = readQuery(call, { Develop: text.optional(), Labels: map.optional(), WorkspaceId: text.optional() })
  if (query.Develop === 'true') throw notServed('Develop: development instances are not offered:', 'leave Develop out')
  const { service, warnings } = await deployService(
    context.ctx,
    call.actor,
    withQuery(call.body, query),
    await writableWorkspaces(context, call.principal),
  )
  const endpoint = endpointOf(context, service.name)
  return {
    ServiceId: service.id,
    ServiceName: service.name,
    Region: service.regionId,
    Status: service.status,
    InternetEndpoint: endpoint,
    IntranetEndpoint: endpoint,
    ...(warnings.length > 0 ? { Warnings: warnings } : {}),
  }
}

/** What a client says in the query belongs to the service's JSON; said there too, the JSON stands. */
function withQuery(
  body: unknown,
  { Labels, WorkspaceId }: { Labels?: Record<string, string> | undefined; WorkspaceId?: string | undefined },
): unknown {
  if (!isObject(body)) return body
  const config = { ...body }
  if (Labels !== undefined) config.labels = { ...Labels, ...(isObject(config.labels) ? config.labels : {}) }
  const { metadata = {} } = config
  if (WorkspaceId !== undefined && isObject(metadata) && config['metadata.workspace_id'] === undefined) {
    config.metadata = { workspace_id: WorkspaceId, ...metadata }
  }
  return config
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

async function updateOne({ ctx }: ApiContext, call: EasCall) {
  const { UpdateType } = readQuery(call, { UpdateType: oneOf('merge', 'replace').default('merge') })
  const { service, warnings } = await updateService(ctx, call.actor, keyOf(call), call.body, {
    replace: UpdateType === 'replace',
  })
  const done = `Service ${service.name} is being updated to version ${service.version}`
  return { Message: [done, ...warnings].join('; ') }
}

async function scaleOne({ ctx }: ApiContext, call: EasCall) {
  const { Instance, InstancesToDelete } = readBody(call, {
    Instance: whole(0, 1_000_000),
    InstancesToDelete: list.optional(),
  })
  if ((InstancesToDelete ?? []).length > 0) {
    throw notServed('InstancesToDelete: which instances go is decided here:', 'leave InstancesToDelete out')
  }
  const service = await scaleService(ctx, call.actor, keyOf(call), Instance)
  return { Message: `Service ${service.name} is being scaled to ${service.replicas} instances` }
}

/** Something done to a whole service; the message says what is under way. */
const act = (
  perform: (ctx: ApiContext['ctx'], actor: EasCall['actor'], key: ReturnType<typeof keyOf>) => Promise<ServiceView>,
  underWay: string,
): EasOperation => ({
  can: 'service.write',
  async handle({ ctx }, call) {
    const service = await perform(ctx, call.actor, keyOf(call))
    return { Message: `Service ${service.name} is being ${underWay}` }
  },
})

export const serviceOperations: EasOperations = {
  ListServices: { can: 'service.read', handle: listAll },
  ListResourceServices: { can: 'service.read', handle: listResourceServices },
  ListServiceVersions: { can: 'service.read', handle: listVersions },
  DescribeService: { can: 'service.read', handle: describeService },
  DescribeServiceEndpoints: { can: 'service.read', handle: describeEndpoints },
  CreateService: { can: 'service.write', handle: createService },
  UpdateService: { can: 'service.write', handle: updateOne },
  ScaleService: { can: 'service.write', handle: scaleOne },
  DeleteService: act(deleteService, 'deleted'),
  StartService: act(startService, 'started'),
  StopService: act(stopService, 'stopped'),
  RestartService: act(restartService, 'restarted'),
}
