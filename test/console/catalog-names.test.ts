// What the first configuration of an installation names has words in both languages; what an operator names stays as it is.
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { defaultConfigYaml } from '../../src/config/default.ts'
import { inLanguage, messages } from './dictionary.ts'

// Named by a variable, and after the dictionary: it asks a browser for the language, and the compiler must not take it in.
const [shown] = ['../../console/ui/catalog-names.ts']
const { regionName, zoneName, familyName } = (await import(shown ?? '')) as {
  regionName(region: { regionId: string; name: string }): string
  zoneName(zone: { zoneId: string; name: string }): string
  familyName(family: string): string
}

interface Config {
  catalog: {
    specs: Record<string, { family: string }>
    regions: Record<string, { name: string; zones: Record<string, { name: string }> }>
  }
}

test('every name of the first configuration has words', () => {
  const { specs, regions } = (parse(defaultConfigYaml({ cores: 8, memoryMib: 32_768 })) as Config).catalog
  const names = [
    ...Object.values(specs).map(spec => `family.${spec.family}`),
    ...Object.entries(regions).flatMap(([regionId, region]) => [
      `${regionId}.${region.name}`,
      ...Object.entries(region.zones).map(([zoneId, zone]) => `${zoneId}.${zone.name}`),
    ]),
  ]
  expect(names.length).toBeGreaterThan(4)
  expect(names.filter(name => !Object.hasOwn(messages, `catalog.${name}`))).toEqual([])
})

test('they are said in the language of the reader, the names of an operator as they are', () => {
  inLanguage('zh')('buy.family')
  expect(regionName({ regionId: 'local', name: 'This host' })).toBe('本机')
  expect(zoneName({ zoneId: 'local-a', name: 'Zone A' })).toBe('可用区 A')
  expect([familyName('general'), familyName('training')]).toEqual(['通用型', 'training'])
  expect(zoneName({ zoneId: 'east-a', name: 'Zone A' })).toBe('Zone A')
  expect(regionName({ regionId: 'local', name: 'Hall 3' })).toBe('Hall 3')
})
