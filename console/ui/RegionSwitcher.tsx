import { GlobalOutlined } from '@ant-design/icons'
import { t } from '../i18n/t.ts'
import { prefer, usePreferences } from '../preferences.ts'
import { still, useApi } from '../queries.ts'
import { regionName } from './catalog-names.ts'
import { MenuButton } from './MenuButton.tsx'

const every = 'every'

/** Which region the lists show; one installation may have many. */
export function RegionSwitcher() {
  const { regionId } = usePreferences()
  const regions = useApi('GET /v1/regions', {}, still).data?.items ?? []
  const chosen = regions.find(region => region.regionId === regionId)
  const name = chosen ? regionName(chosen) : t('region.every')
  return (
    <MenuButton
      type="text"
      icon={<GlobalOutlined aria-hidden />}
      aria-label={`${t('region.label')}: ${name}`}
      style={{ color: '#fff' }}
      menu={{
        selectable: true,
        selectedKeys: [chosen?.regionId ?? every],
        items: [
          { key: every, label: t('region.every') },
          ...regions.map(region => ({
            key: region.regionId,
            label: <span className="said">{regionName(region)}</span>,
          })),
        ],
        onClick: ({ key }) => prefer({ regionId: key === every ? null : key }),
      }}
    >
      <span className="said">{name}</span>
    </MenuButton>
  )
}

/** The name of a region, its id until that is known. */
export function useRegionName(regionId: string): string {
  const regions = useApi('GET /v1/regions', {}, still).data?.items
  const region = regions?.find(one => one.regionId === regionId)
  return region ? regionName(region) : regionId
}

/** Undefined where every region is meant, as the API takes it. */
export function useRegionFilter(): string | undefined {
  const { regionId } = usePreferences()
  const regions = useApi('GET /v1/regions', {}, still).data?.items
  // A region that is gone filters nothing.
  return regions?.some(region => region.regionId === regionId) && regionId !== null ? regionId : undefined
}
