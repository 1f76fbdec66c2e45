// "Will it fit" as text: the verdict, each service instance with its machine or why it has none, the moves that make room, what
// would be enough by itself, and what to buy with the command that buys it.
import type { Operations } from '../client/client.ts'
import { type Cell, cpuText, mibText, moneyText, plural, tableText } from './output.ts'

export type Fit = Operations['POST /v1/services/fit']['returns']
type Help = NonNullable<Fit['instances'][number]['reason']>['helps'][number]

export function fitText(fit: Fit): string[] {
  const { instances, otherInstances, moves } = fit
  const rows = instances.map(({ serviceName, serviceInstanceId, replacesId, machineId, reason }): Cell[] => [
    ...[serviceName, serviceInstanceId ?? 'new', replacesId, machineId, reason?.message ?? ''],
  ])
  const others = otherInstances.placed + otherInstances.unplaced
  const helps = new Set(instances.flatMap(one => (one.reason?.helps ?? []).map(helpText)))
  return [
    verdictText(fit),
    ...(rows.length > 0 ? [tableText(['SERVICE', 'SERVICE INSTANCE', 'REPLACES', 'MACHINE', 'WHY'], rows)] : []),
    ...(others > 0
      ? [`${otherInstances.placed} of ${plural(others, 'instance')} of other workspaces have a place.`]
      : []),
    ...moves.map(one => `move ${one.serviceInstanceId} from ${one.fromMachineId} to ${one.toMachineId}`),
    ...[...helps].map(text => `would be enough: ${text}`),
    ...purchaseLines(fit),
  ]
}

function verdictText({ verdict, instances, otherInstances, moves }: Fit): string {
  const homeless = instances.filter(one => one.machineId === null).length + otherInstances.unplaced
  const asking = instances.length + otherInstances.placed + otherInstances.unplaced
  if (asking === 0) return 'Nothing asks for a place.'
  if (verdict === 'fits') return 'It fits now.'
  if (verdict === 'fits_after_moves') return `It fits after ${plural(moves.length, 'move')}, in this order.`
  return `It does not fit: ${homeless} of ${plural(asking, 'instance')} ${homeless === 1 ? 'finds' : 'find'} no place.`
}

function helpText(help: Help): string {
  if (help.change === 'uncordon') return `uncordon ${help.machineId}, cordoned by ${help.cordonedBy.join(', ')}`
  const { cpuMilli, memoryMib, gpuCount, gpuMemoryMib } = help.to
  const cards = gpuCount === 0 ? '' : ` and ${gpuCount} GPU${gpuMemoryMib === 0 ? '' : ` of ${mibText(gpuMemoryMib)}`}`
  return `ask for ${cpuText(cpuMilli)} vCPU, ${mibText(memoryMib)}${cards}: so much is free on ${help.machineId}`
}

function purchaseLines({ verdict, groupId, buy }: Fit): string[] {
  if (verdict !== 'does_not_fit') return []
  if (buy.length === 0) return ['No machine that is sold in its region and in stock would be enough by itself.']
  return buy.map(({ quantity, specId, zoneId, chargeType, months, totalFen, dayFen }) => {
    const price =
      months === null ? `${moneyText(dayFen)} in 24 hours` : `${moneyText(totalFen)} for ${plural(months, 'month')}`
    const paid = chargeType === 'postpaid' ? ' --postpaid' : ` --months ${months}`
    return `buy ${quantity} × ${specId} in ${zoneId}, ${price}: berth group add ${groupId} --spec ${specId} --zone ${zoneId} --quantity ${quantity}${paid}`
  })
}
