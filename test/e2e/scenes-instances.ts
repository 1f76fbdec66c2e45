// What is done to single instances of services, and to all of a group at once.
import type { OpenConsole } from './console-world.ts'
import type { Furnished } from './furnish.ts'
import type { Instances } from './furnish-instances.ts'
import { dialogOf, type Scene } from './scene.ts'

export function instanceScenes(workspace: string, at: Furnished, instances: Instances): Scene[] {
  const service = `${workspace}/services/${at.service}`
  return [
    { name: 'service-restart-instance', path: service, act: open => inTable(open, 'services.instance.restart') },
    {
      name: 'service-restart-process',
      path: service,
      act: async open => {
        const { page, t } = open
        await inTable(open, 'services.instance.restart')
        await page.getByRole('radio', { name: t('services.instance.restartMode.process') }).check()
        await page.getByRole('checkbox', { name: t('rollout.goFirstLast') }).waitFor()
      },
    },
    { name: 'service-isolate', path: service, act: open => inTable(open, 'services.instance.isolate') },
    { name: 'service-isolated', path: `${workspace}/services/${instances.service}` },
    {
      name: 'service-end-isolated',
      path: `${workspace}/services/${instances.service}`,
      act: open => inTable(open, 'services.instance.end'),
    },
    { name: 'machine-isolated', path: `${workspace}/machines/${instances.machineId}` },
    {
      name: 'group-rebalance',
      path: `${workspace}/groups/${instances.groupId}`,
      act: async open => {
        await dialogOf('groups.rebalance')(open)
        await open.page.getByText(open.t('groups.rebalanceMoves', { count: 1, machines: 1 })).waitFor()
      },
    },
  ]
}

async function inTable({ page, t }: OpenConsole, key: string): Promise<void> {
  await page
    .getByRole('table')
    .getByRole('button', { name: t(key), exact: true })
    .click()
  await page.getByRole('dialog').waitFor()
}
