// Names of the catalog. They are the operator's, from berth.yaml, and stand as they are in every language, but for those that
// Berth's own first configuration gives: they have words in both.
import { useMemo } from 'react'
import { tryT } from '../i18n/t.ts'
import { still, useApi } from '../queries.ts'

interface Place {
  regionId: string
  name: string
  zones: readonly { zoneId: string; name: string }[]
}

export const regionName = ({ regionId, name }: Pick<Place, 'regionId' | 'name'>): string =>
  tryT(`catalog.${regionId}.${name}`) ?? name

export const zoneName = ({ zoneId, name }: Place['zones'][number]): string => tryT(`catalog.${zoneId}.${name}`) ?? name

export const familyName = (family: string): string => tryT(`catalog.family.${family}`) ?? family

/** The name of a region by its id; the id until that is known. */
export function useRegionNames(): (regionId: string) => string {
  const regions = useApi('GET /v1/regions', {}, still).data?.items
  return useMemo(() => {
    const names = new Map((regions ?? []).map(region => [region.regionId, regionName(region)]))
    return regionId => names.get(regionId) ?? regionId
  }, [regions])
}

/** A zone's name after its region's, where zones of several regions stand together: each region has its "Zone A". */
export function usePlaceNames(): (zoneId: string) => string {
  const regions = useApi('GET /v1/regions', {}, still).data?.items
  return useMemo(() => {
    const places = (regions ?? []).flatMap(region =>
      region.zones.map(zone => [zone.zoneId, `${regionName(region)} · ${zoneName(zone)}`] as const),
    )
    const names = new Map(places)
    return zoneId => names.get(zoneId) ?? zoneId
  }, [regions])
}

/** The name of a zone by its id; the id until that is known. */
export function useZoneNames(): (zoneId: string) => string {
  const regions = useApi('GET /v1/regions', {}, still).data?.items
  return useMemo(() => {
    const zones = (regions ?? []).flatMap(region => region.zones)
    const names = new Map(zones.map(zone => [zone.zoneId, zoneName(zone)]))
    return zoneId => names.get(zoneId) ?? zoneId
  }, [regions])
}
