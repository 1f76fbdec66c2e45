// What is being bought, as it stands in the page's address: so it survives a reload, a change of language, and can be sent
// to a colleague. Nothing here decides what may be bought: the quote does.
import type { Input, Item } from '../../api.ts'
import { type Months, months } from '../../forms/machine-renew.tsx'

export type Offering = Item<'GET /v1/offerings'>
export type Region = Item<'GET /v1/regions'>
export type BuyRequest = Input<'POST /v1/quotes'>['body']

export type Field =
  | 'chargeType'
  | 'regionId'
  | 'zoneId'
  | 'specId'
  | 'groupId'
  | 'groupName'
  | 'quantity'
  | 'months'
  | 'disk'
  | 'autoRenew'
  | 'autoRenewMonths'
  | 'partialOk'

export interface BuyForm {
  chargeType: 'prepaid' | 'postpaid'
  regionId: string
  zoneId: string
  specId: string | null
  /** null: a new group. */
  groupId: string | null
  groupName: string
  quantity: number
  months: Months
  systemDiskGib: number
  autoRenew: boolean
  autoRenewMonths: Months
  partialOk: boolean
}

export const diskFreeGib = 200

export function readForm(
  search: Partial<Record<Field, string>>,
  regions: readonly Region[],
  preferredRegion: string | undefined,
): BuyForm {
  const region =
    regions.find(one => one.regionId === search.regionId) ??
    regions.find(one => one.regionId === preferredRegion) ??
    regions[0]
  const zone = region?.zones.find(one => one.zoneId === search.zoneId) ?? region?.zones[0]
  const duration = oneOf(search.months) ?? 1
  return {
    chargeType: search.chargeType === 'postpaid' ? 'postpaid' : 'prepaid',
    regionId: region?.regionId ?? '',
    zoneId: zone?.zoneId ?? '',
    specId: search.specId ?? null,
    groupId: search.groupId ?? null,
    groupName: search.groupName ?? '',
    quantity: whole(search.quantity, 1),
    months: duration,
    systemDiskGib: whole(search.disk, diskFreeGib),
    autoRenew: search.autoRenew === 'on',
    // A year's purchase renews by the year unless told otherwise.
    autoRenewMonths: oneOf(search.autoRenewMonths) ?? (duration === 12 ? 12 : 1),
    partialOk: search.partialOk === 'on',
  }
}

const oneOf = (text: string | undefined): Months | undefined => months.find(value => String(value) === text)

const whole = (text: string | undefined, otherwise: number): number =>
  text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : otherwise

/** null until there is enough to ask the price for. */
export function toRequest(form: BuyForm, newGroupName: string): BuyRequest | null {
  if (form.specId === null) return null
  const { chargeType, regionId, zoneId, specId, quantity, systemDiskGib, partialOk } = form
  return {
    regionId,
    zoneId,
    specId,
    chargeType,
    quantity,
    systemDiskGib,
    partialOk,
    ...(form.groupId === null ? { groupName: form.groupName.trim() || newGroupName } : { groupId: form.groupId }),
    ...(chargeType === 'prepaid'
      ? {
          months: form.months,
          autoRenew: form.autoRenew,
          ...(form.autoRenew ? { autoRenewMonths: form.autoRenewMonths } : {}),
        }
      : {}),
  }
}
