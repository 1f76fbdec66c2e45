// What can be bought, and where.
import { listOfferings, listRegions } from '../../catalog/catalog.ts'
import type { PricedOffering } from '../../catalog/offering.ts'
import type { ApiContext } from '../context.ts'
import { type EasCall, type EasOperations, list, oneOf, readQuery, text } from './call.ts'
import { chargeTypes, cores } from './wire.ts'

async function describeRegions({ ctx }: ApiContext) {
  const regions = await listRegions(ctx.db)
  return { Regions: regions.map(region => ({ RegionId: region.regionId, RegionName: region.name })) }
}

/** One entry for a spec, whichever zones offer it. `ResourceType` is not asked: every machine here is a dedicated one. */
async function describeMachineSpec({ ctx }: ApiContext, call: EasCall) {
  const query = readQuery(call, {
    ChargeType: oneOf('PrePaid', 'PostPaid').default('PostPaid'),
    InstanceTypes: list.optional(),
    ClusterId: text.optional(),
  })
  const offerings = await listOfferings(ctx.db, {
    at: ctx.clock.now(),
    chargeType: chargeTypes[query.ChargeType],
    ...(query.ClusterId === undefined ? {} : { regionId: query.ClusterId }),
  })
  const wanted = query.InstanceTypes
  const shown = offerings.filter(offering => wanted === undefined || wanted.includes(offering.specId))
  const metas = [...Map.groupBy(shown, offering => offering.specId).values()].flatMap(metaOf)
  const types = Map.groupBy(metas, meta => meta.CPU)
  return {
    InstanceMetas: metas,
    Types: [...types].map(([CPU, same]) => ({ CPU, Memory: [...new Set(same.map(meta => Math.floor(meta.Memory)))] })),
  }
}

function metaOf(offerings: readonly PricedOffering[]) {
  const spec = offerings[0]?.spec
  if (!spec) return []
  const available = offerings.some(offering => offering.stock.available > 0 && offering.price !== null)
  return [
    {
      InstanceType: spec.specId,
      CPU: cores(spec.cpuMilli),
      Memory: spec.memoryMib / 1024,
      GPU: spec.gpuModel ?? '',
      GPUAmount: spec.gpuCount,
      GPUMemory: spec.gpuMemoryMib / 1024,
      IsAvailable: available,
      StockStatus: available ? 'WithStock' : 'WithoutStock',
      SpotDiscount: 0,
      NonProtectSpotDiscount: 0,
      Vendor: 'ECS',
    },
  ]
}

export const catalogOperations: EasOperations = {
  DescribeRegions: { can: 'catalog.read', handle: describeRegions },
  DescribeMachineSpec: { can: 'catalog.read', handle: describeMachineSpec },
}
