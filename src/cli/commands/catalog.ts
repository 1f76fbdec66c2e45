import type { Operations } from '../../client/client.ts'
import { choice, given } from '../arguments.ts'
import type { CommandTree } from '../command.ts'
import { type Cell, cpuText, mibText, priceText, printJson, printTable } from '../output.ts'

type Offering = Operations['GET /v1/offerings']['returns']['items'][number]

interface OfferingOptions {
  region?: string
  zone?: string
  chargeType?: 'prepaid' | 'postpaid'
}

export const gpuText = ({ gpuModel, gpuCount }: { gpuModel: string | null; gpuCount: number }): string =>
  gpuCount === 0 ? '' : `${gpuCount} × ${gpuModel}`

/** `30.00/month, 12 months 25.50` or `0.06/hour`. */
function priceOf({ price }: Offering): string {
  if (price === null) return ''
  if (price.hourMicros !== null) return `${priceText(price.hourMicros)}/hour`
  return Object.entries(price.monthMicros)
    .map(([months, rate]) => `${months}: ${priceText(rate ?? null)}`)
    .join('  ')
}

export function addCatalogCommands(tree: CommandTree): void {
  tree.add<OfferingOptions>({
    usage: 'offerings',
    summary: 'list what can be bought, with stock and price',
    examples: ['berth offerings', 'berth offerings --charge-type prepaid --zone local-a'],
    options: [
      ['--region <id>', 'only this region'],
      ['--zone <id>', 'only this zone'],
      ['--charge-type <type>', 'prepaid or postpaid', choice('charge-type', ['prepaid', 'postpaid'])],
    ],
    async run({ session, options }) {
      const query = given({ regionId: options.region, zoneId: options.zone, chargeType: options.chargeType })
      const found = await session.call('GET /v1/offerings', { query })
      if (options.json) return printJson(found)
      const rows = found.items.map((offering): Cell[] => [
        offering.zoneId,
        offering.simulated ? `${offering.specId} (simulated)` : offering.specId,
        cpuText(offering.cpuMilli),
        mibText(offering.memoryMib),
        gpuText(offering),
        offering.chargeType,
        `${offering.stock.available}/${offering.stock.total}`,
        priceOf(offering),
      ])
      printTable(
        ['ZONE', 'SPEC', 'VCPU', 'MEMORY', 'GPU', 'CHARGE', 'STOCK', 'PRICE (prepaid: a month, by months)'],
        rows,
        {
          right: ['VCPU', 'MEMORY', 'STOCK'],
          empty: 'Nothing is offered there.',
        },
      )
    },
  })
}
