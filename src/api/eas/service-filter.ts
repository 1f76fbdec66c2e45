// The filters of ListServices that are about what the answer shows. One that asks for what does not exist here (another
// kind of resource, a gateway of its own) finds nothing.
import { flag, map, text } from './call.ts'
import type { EasService } from './service-view.ts'

export const serviceFilters = {
  Accessibility: text.optional(),
  AutoscalerEnabled: flag.optional(),
  CallerUid: text.optional(),
  CronscalerEnabled: flag.optional(),
  Filter: text.optional(),
  Gateway: text.optional(),
  GroupName: text.optional(),
  Label: map.optional(),
  ParentServiceUid: text.optional(),
  QuotaId: text.optional(),
  ResourceBurstable: flag.optional(),
  ResourceName: text.optional(),
  ResourceAliasName: text.optional(),
  ResourceType: text.optional(),
  Role: text.optional(),
  ServiceStatus: text.optional(),
  ServiceType: text.optional(),
  ServiceUid: text.optional(),
  TrafficState: text.optional(),
}

type Given<Name extends keyof typeof serviceFilters> = NonNullable<ReturnType<(typeof serviceFilters)[Name]['parse']>>

type Tests = { [Name in keyof typeof serviceFilters]: (service: EasService, given: Given<Name>) => boolean }

const never = () => false

const tests: Tests = {
  Accessibility: never,
  AutoscalerEnabled: (service, given) => service.AutoscalerEnabled === given,
  CallerUid: (service, given) => service.CallerUid === given,
  CronscalerEnabled: (service, given) => service.CronscalerEnabled === given,
  Filter: (service, given) => service.ServiceName.includes(given) || service.ServiceId === given,
  Gateway: never,
  GroupName: (service, given) => service.ServiceGroup === given,
  Label: (service, given) =>
    Object.entries(given).every(([key, value]) =>
      service.Labels.some(label => label.LabelKey === key && label.LabelValue === value),
    ),
  ParentServiceUid: never,
  QuotaId: never,
  ResourceBurstable: (service, given) => service.ResourceBurstable === given,
  ResourceName: (service, given) => service.Resource === given || service.ResourceAlias === given,
  ResourceAliasName: (service, given) => service.ResourceAlias === given,
  ResourceType: (_, given) => given === 'Dedicated' || given === 'DedicatedResource',
  Role: never,
  ServiceStatus: (service, given) => service.Status === given,
  ServiceType: (_, given) => given === 'Standard',
  ServiceUid: (service, given) => service.ServiceUid === given,
  TrafficState: (service, given) => service.TrafficState === given,
}

type Query = { [Name in keyof typeof serviceFilters]?: Given<Name> | undefined }

/** null where none of them is given. */
export function serviceMatches(query: Query): ((service: EasService) => boolean) | null {
  const given = (Object.keys(tests) as (keyof Tests)[]).flatMap(name => {
    const value = query[name]
    // Each test takes its own filter's type: the table ties the two.
    const test = tests[name] as (service: EasService, given: unknown) => boolean
    return value === undefined ? [] : [(service: EasService) => test(service, value)]
  })
  return given.length === 0 ? null : service => given.every(test => test(service))
}
