// Buying through the EAS face: CreateResource makes a group with its first machines, CreateResourceInstances adds to one.
// Both place an order and pay it at once, and answer the ids that its machines will have; what can't be delivered is
// refunded by itself. `Period`, `ClientToken` and `PartialOk` are Berth's own, and optional.
import { createHash } from 'node:crypto'
import { getOffering, listOfferings } from '../../catalog/catalog.ts'
import { Refusal } from '../../lib/errors.ts'
import { randomText } from '../../lib/id.ts'
import type { BuyRequestInput } from '../../orders/buy-request.ts'
import { quantityMax } from '../../orders/buy-request.ts'
import type { Order } from '../../orders/order.ts'
import { listOrderLines } from '../../orders/orders.ts'
import { placeOrder } from '../../orders/place-order.ts'
import type { ApiContext } from '../context.ts'
import {
  type EasCall,
  type EasOperations,
  flag,
  invalid,
  map,
  missing,
  notServed,
  oneOf,
  readBody,
  text,
  whole,
} from './call.ts'
import { groupOfPath } from './resources.ts'
import { chargeTypes } from './wire.ts'

const machines = {
  ChargeType: oneOf('PrePaid', 'PostPaid'),
  EcsInstanceType: text,
  EcsInstanceCount: whole(1, quantityMax),
  SystemDiskSize: whole(200, 2_000).optional(),
  Zone: text.optional(),
  AutoRenewal: flag.default(false),
  Labels: map.optional(),
  UserData: text.optional(),
  Period: whole(1, 12).optional(),
  ClientToken: text.optional(),
  PartialOk: flag.default(false),
}
type Wanted = ReturnType<typeof readBody<typeof machines>>

async function buy(
  context: ApiContext,
  call: EasCall,
  wanted: Wanted,
  into: { groupId: string } | { groupName: string },
  regionId: string | null,
): Promise<{ order: Order; InstanceIds: string[] }> {
  const { ctx } = context
  if (Object.keys(wanted.Labels ?? {}).length > 0) throw notServed('Labels are not kept yet:', 'leave Labels out')
  if (wanted.UserData !== undefined) throw notServed('UserData is not run here:', 'leave UserData out')
  const zone = await zoneOf(context, wanted, regionId)
  const chargeType = chargeTypes[wanted.ChargeType]
  const months = wanted.Period ?? (chargeType === 'prepaid' ? 1 : null)
  const request = {
    ...zone,
    ...into,
    specId: wanted.EcsInstanceType,
    chargeType,
    quantity: wanted.EcsInstanceCount,
    // What is sold is checked by the order: 4 months is refused there, naming the field.
    months: months as BuyRequestInput['months'],
    autoRenew: wanted.AutoRenewal,
    partialOk: wanted.PartialOk,
    ...(wanted.SystemDiskSize === undefined ? {} : { systemDiskGib: wanted.SystemDiskSize }),
  }
  const order = await placeOrder(ctx, call.actor, { request, clientToken: wanted.ClientToken ?? null, pay: true })
  const lines = await listOrderLines(ctx.db, call.actor.accountId, order.id, { limit: quantityMax })
  return { order, InstanceIds: lines.flatMap(line => line.machineId ?? []) }
}

/** The zone that was named; else the one that has most of the spec. A region is told by the zone. */
async function zoneOf(
  { ctx }: ApiContext,
  wanted: Wanted,
  regionId: string | null,
): Promise<{ zoneId: string; regionId: string }> {
  const specId = wanted.EcsInstanceType
  const chargeType = chargeTypes[wanted.ChargeType]
  if (wanted.Zone !== undefined) {
    const offering = await getOffering(ctx.db, { zoneId: wanted.Zone, specId, chargeType })
    if (regionId !== null && offering.regionId !== regionId) {
      throw invalid('Zone', `${offering.zoneId} is in ${offering.regionId}, and this is about ${regionId}`)
    }
    return { zoneId: offering.zoneId, regionId: offering.regionId }
  }
  const here = await listOfferings(ctx.db, {
    at: ctx.clock.now(),
    chargeType,
    ...(regionId === null ? {} : { regionId }),
  })
  const offered = here.filter(offering => offering.specId === specId && offering.price !== null)
  const best = offered.toSorted((a, b) => b.stock.available - a.stock.available || (a.zoneId < b.zoneId ? -1 : 1))[0]
  if (!best) {
    const known = [...new Set(here.map(offering => offering.specId))].slice(0, 20)
    const message = `EcsInstanceType: ${specId} is not sold ${wanted.ChargeType}; there is: ${known.join(', ') || 'nothing'}`
    throw new Refusal('NotOffered', message, { field: 'EcsInstanceType' })
  }
  const regions = new Set(offered.map(offering => offering.regionId))
  if (regions.size > 1) throw missing('Zone', `is needed: ${specId} is sold in ${[...regions].join(', ')}`)
  // Sent again, a call must mean the same thing, whatever the stock is by then.
  if (offered.length > 1 && wanted.ClientToken !== undefined) {
    throw missing('Zone', `is needed with a ClientToken: ${offered.map(offering => offering.zoneId).join(', ')}`)
  }
  return { zoneId: best.zoneId, regionId: best.regionId }
}

/** A name where none was given; the same one for the same client token, or the call sent again would be another call. */
function nameFor({ ctx }: ApiContext, clientToken: string | undefined): string {
  if (clientToken === undefined) return `group-${randomText(ctx.random, 8)}`
  return `group-${createHash('sha256').update(clientToken).digest('hex').slice(0, 12)}`
}

async function createResource(context: ApiContext, call: EasCall) {
  const body = readBody(call, {
    ...machines,
    EcsInstanceCount: machines.EcsInstanceCount.default(1),
    ResourceName: text.optional(),
    ResourceType: oneOf('Dedicated', 'SelfManaged').default('Dedicated'),
    UsageMode: oneOf('inference').default('inference'),
    ClusterId: text.optional(),
  })
  if (body.ResourceType === 'SelfManaged') throw notServed('ResourceType SelfManaged is not offered:', 'use Dedicated')
  const groupName = body.ResourceName ?? nameFor(context, body.ClientToken)
  const { order, InstanceIds } = await buy(context, call, body, { groupName }, body.ClusterId ?? null)
  return {
    ResourceId: order.groupId ?? '',
    ResourceName: order.groupName ?? groupName,
    ClusterId: order.regionId ?? '',
    OwnerUid: order.accountId,
    InstanceIds,
    OrderId: order.id,
  }
}

async function createResourceInstances(context: ApiContext, call: EasCall) {
  const group = await groupOfPath(context, call)
  const wanted = readBody(call, machines)
  const { order, InstanceIds } = await buy(context, call, wanted, { groupId: group.id }, group.regionId)
  return { InstanceIds, Message: `Order ${order.id} is paid; its machines are being made`, OrderId: order.id }
}

export const purchaseOperations: EasOperations = {
  CreateResource: { can: 'order.write', handle: createResource },
  CreateResourceInstances: { can: 'order.write', handle: createResourceInstances },
}
