// What can be seen of a machine that people work on: each state of a drain, what is asked before, and who holds it.
import type { OpenConsole } from './console-world.ts'
import type { Furnished } from './furnish.ts'
import type { Drains } from './furnish-drains.ts'
import { button, dialogOf, type Scene, states } from './scene.ts'

export function drainScenes(workspace: string, at: Furnished, drains: Drains): Scene[] {
  const page = (machineId: string) => `${workspace}/machines/${machineId}`
  const states = ['draining', 'blocked', 'overdue', 'drained', 'cordoned'] as const
  return [
    ...states.map(state => ({ name: `machine-${state}`, path: page(drains[state]) })),
    { name: 'machine-cancel-drain', path: page(drains.blocked), act: button('machines.cancelDrain') },
    { name: 'machine-force-drain', path: page(drains.overdue), act: button('machines.forceDrain') },
    { name: 'machine-uncordon', path: page(drains.cordoned), act: button('machines.uncordon') },
    { name: 'machine-restart-instance', path: page(at.machineId), act: button('machines.restart') },
    {
      name: 'machine-error',
      alike: true,
      path: page(at.machineId),
      api: { path: /\/v1\/machines\/[\w-]+$/, how: 'fails' },
    },
    ...groupActions(workspace, at, drains),
    ...planScenes(workspace, drains),
    ...rolloutScenes(workspace, drains),
  ]
}

function rolloutScenes(workspace: string, { tight }: Drains): Scene[] {
  const path = `${workspace}/services/${tight}`
  return [
    { name: 'service-no-room', path },
    { name: 'service-go-first', path, act: dialogOf('rollout.goFirst') },
    { name: 'service-abort', path, act: dialogOf('rollout.abortIt') },
  ]
}

function planScenes(workspace: string, { plans }: Drains): Scene[] {
  const list = `${workspace}/drain-plans`
  return [
    { name: 'drain-plans', path: list },
    ...states('drain-plans', list, /\/v1\/drain-plans$/),
    { name: 'drain-plan-asks', path: `${list}/${plans.asks}` },
    { name: 'drain-plan-waits', path: `${list}/${plans.waits}` },
    { name: 'drain-plan-cancel', path: `${list}/${plans.waits}`, act: dialogOf('plans.cancel') },
    {
      name: 'drain-plan-create',
      path: list,
      act: async open => {
        const { page, t } = open
        await dialogOf('plans.create')(open)
        await page.getByRole('combobox', { name: t('services.group') }).click()
        await page.getByTitle('fraud').click()
        await page.getByRole('button', { name: t('plans.addWindow') }).click()
        await page.getByRole('region', { name: t('plans.firstBatch') }).waitFor()
      },
    },
  ]
}

function groupActions(workspace: string, at: Furnished, drains: Drains): Scene[] {
  const chosen = (name: string, groupId: string, action: string): Scene => ({
    name,
    path: `${workspace}/groups/${groupId}`,
    act: async open => {
      await open.page.getByRole('checkbox').nth(1).check()
      await button(action)(open)
    },
  })
  return [
    { name: 'group-at-work', path: `${workspace}/groups/${drains.groupId}` },
    chosen('group-renew', at.groupId, 'machines.renew'),
    { ...chosen('group-align', at.groupId, 'machines.renew'), act: alignAll },
    chosen('group-auto-renew', at.groupId, 'machines.autoRenew'),
    chosen('group-cordon', at.groupId, 'machines.cordon'),
    chosen('group-release', at.postpaidGroupId, 'machines.delete'),
  ]
}

/** All machines of the group, ten days later than they expire now. */
async function alignAll(open: OpenConsole): Promise<void> {
  const { page, t } = open
  const before = await page.getByRole('region').locator('time').first().getAttribute('datetime')
  await page.getByRole('checkbox').first().check()
  await button('machines.renew')(open)
  const dialog = page.getByRole('dialog')
  await dialog.getByText(t('machines.align'), { exact: true }).click()
  const later = Temporal.Instant.from(before ?? '')
    .add({ hours: 240 })
    .toZonedDateTimeISO('Asia/Shanghai')
  const day = dialog.getByRole('textbox', { name: t('machines.alignDay') })
  await day.fill(later.toPlainDate().toString())
  await day.press('Enter')
  await dialog.locator('li').first().waitFor()
}
