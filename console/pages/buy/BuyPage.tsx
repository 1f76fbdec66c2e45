// Buying machines, for a new group and for one there is. What is chosen stands in the address; the price is the server's
// quote, asked for anew after every change; ordering takes that quote, so what is paid is what was shown.
import { useRouter } from '@tanstack/react-router'
import { Card } from 'antd'
import { call } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, still, useAll, useApi } from '../../queries.ts'
import { useInstallation } from '../../ui/installation.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { useRegionFilter } from '../../ui/RegionSwitcher.tsx'
import { groupsTrail } from '../../ui/trails.ts'
import { BuyFields } from './BuyFields.tsx'
import { BuySummary } from './BuySummary.tsx'
import { type Field, readForm, toRequest } from './buy-form.ts'
import { SpecTable } from './SpecTable.tsx'
import { StockWarning } from './StockWarning.tsx'
import { useQuote } from './use-quote.ts'

export function BuyPage() {
  const { workspaceId } = usePathParams('workspaceId')
  const router = useRouter()
  const [search, setSearch] = useSearchState<Field>()
  const regions = useApi('GET /v1/regions', {}, still)
  const groups = useAll('GET /v1/groups', {})
  const preferred = useRegionFilter()
  const currency = useInstallation()?.currency ?? 'CNY'
  const group = groups.data?.find(one => one.groupId === search.groupId)
  // A group stays in its region, and so do the machines that are added to it.
  const form = readForm(group ? { ...search, regionId: group.regionId } : search, regions.data?.items ?? [], preferred)
  const offerings = useApi(
    'GET /v1/offerings',
    { query: { regionId: form.regionId, chargeType: form.chargeType } },
    { enabled: form.regionId !== '', ...live },
  )
  const sold = offerings.data?.items ?? []
  const here = sold.filter(offering => offering.zoneId === form.zoneId)
  // A spec that is not sold here with this billing is not chosen.
  const chosen = here.some(offering => offering.specId === form.specId) ? form : { ...form, specId: null }
  const offering = here.find(one => one.specId === chosen.specId) ?? null
  const quote = useQuote(toRequest(chosen, freeName(groups.data ?? [])))
  if (!regions.data || !groups.data) return <PageSkeleton />

  const order = async (quoteId: string) => {
    const placed = await call('POST /v1/orders', { body: { quoteId, pay: false, clientToken: `console-${quoteId}` } })
    router.history.push(paths.purchase(workspaceId, placed.orderId))
  }
  return (
    <>
      <PageHeader
        title={group ? t('buy.titleMore', { group: group.name }) : t('buy.titleNew')}
        trail={groupsTrail(workspaceId)}
      />
      <div className="buy">
        <div style={{ minWidth: 0 }}>
          <BuyFields
            form={chosen}
            regions={regions.data.items}
            groups={groups.data}
            placeholderName={freeName(groups.data)}
            diskMicros={offering?.price?.diskGibMicros ?? null}
            currency={currency}
            onChange={setSearch}
            specs={
              <>
                <SpecTable
                  offerings={here}
                  loading={offerings.isPending}
                  form={chosen}
                  engine={regions.data.items.find(one => one.regionId === form.regionId)?.engine ?? ''}
                  currency={currency}
                  onChoose={specId => setSearch({ specId })}
                />
                <StockWarning form={chosen} offerings={sold} onChange={setSearch} />
              </>
            }
          />
        </div>
        <Card className="buy-summary" title={t('buy.summary')}>
          <BuySummary form={chosen} group={group ?? null} offering={offering} quote={quote} onOrder={order} />
        </Card>
      </div>
    </>
  )
}

/** A name for a new group that is not taken: group-1, group-2, … */
function freeName(groups: readonly { name: string }[]): string {
  const taken = new Set(groups.map(group => group.name.toLowerCase()))
  for (let n = groups.length + 1; ; n++) if (!taken.has(`group-${n}`)) return `group-${n}`
}
