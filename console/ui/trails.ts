// The way to the pages of a workspace, from the outside in.
import { t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import type { Place } from './PageHeader.tsx'

type Trail = NonNullable<Place['trail']>

export const groupsTrail = (workspaceId: string): Trail => [
  { text: t('nav.serving'), to: paths.groups(workspaceId) },
  { text: t('nav.groups'), to: paths.groups(workspaceId) },
]

export const trafficTrail = (workspaceId: string): Trail => [
  { text: t('nav.serving'), to: paths.services(workspaceId) },
  { text: t('nav.trafficGroups'), to: paths.trafficGroups(workspaceId) },
]

export const drainPlansTrail = (workspaceId: string): Trail => [
  { text: t('nav.serving'), to: paths.groups(workspaceId) },
  { text: t('nav.drainPlans'), to: paths.drainPlans(workspaceId) },
]

export const servicesTrail = (workspaceId: string): Trail => [
  { text: t('nav.serving'), to: paths.services(workspaceId) },
  { text: t('nav.services'), to: paths.services(workspaceId) },
]
