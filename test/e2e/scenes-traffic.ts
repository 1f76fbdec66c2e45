// Traffic of services: groups and how their requests are split, mirrors, limits and keys.
import type { Furnished } from './furnish.ts'
import { button, dialogOf, type Scene, states } from './scene.ts'

export function trafficScenes(workspace: string, at: Furnished): Scene[] {
  const group = `${workspace}/traffic-groups/${at.trafficGroup}`
  const tab = `${workspace}/services/${at.service}?tab=traffic`
  return [
    { name: 'traffic-groups', path: `${workspace}/traffic-groups` },
    ...states('traffic-groups', `${workspace}/traffic-groups`, /\/v1\/traffic-groups$/),
    { name: 'traffic-group', path: group },
    { name: 'traffic-group-keys', path: `${group}?tab=keys` },
    { name: 'traffic-group-events', path: `${group}?tab=events` },
    {
      name: 'traffic-split',
      path: group,
      act: async open => {
        await dialogOf('traffic.change')(open)
        await open.page.getByRole('spinbutton').last().fill('30')
        await open.page.getByText(open.t('traffic.impact')).waitFor()
      },
    },
    { name: 'traffic-switch', path: group, act: dialogOf('traffic.switch') },
    { name: 'traffic-back', path: group, act: dialogOf('traffic.back') },
    { name: 'service-traffic', path: tab },
    { name: 'service-traffic-none', path: `${workspace}/services/too_large?tab=traffic` },
    { name: 'traffic-join', path: `${workspace}/services/too_large?tab=traffic`, act: dialogOf('traffic.join') },
    { name: 'traffic-leave', path: tab, act: dialogOf('traffic.leave') },
    { name: 'service-mirror', path: tab, act: button('traffic.mirrorChange') },
    {
      name: 'service-limits',
      path: tab,
      act: async open => {
        await open.page
          .getByRole('button', { name: open.t('traffic.mirrorChange'), exact: true })
          .last()
          .click()
        await open.page.getByRole('dialog').getByRole('spinbutton').first().fill('200')
        await open.page
          .getByRole('dialog')
          .getByText(open.t('impact.settings', { version: '2' }))
          .waitFor()
      },
    },
    { name: 'service-key-rotate', path: tab, act: dialogOf('keys.rotate') },
    { name: 'service-key-revoke', path: tab, act: dialogOf('keys.revoke') },
  ]
}
