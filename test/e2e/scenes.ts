// Every page and state of the console as a list: a world in which there is something to see, and the way to each sight.
// The screenshots are taken from it, and accessibility is checked on it.
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import type { Operations } from '../../src/client/client.ts'
import { until } from '../installation.ts'
import type { ConsoleWorld, OpenConsole } from './console-world.ts'

export interface Furnished {
  accountId: string
  workspaceId: string
  groupId: string
  machineId: string
  postpaidGroupId: string
  service: string
  unpaidOrderId: string
  refundedOrderId: string
  doneOrderId: string
}

const model = fileURLToPath(new URL('../../examples/digits/model.onnx', import.meta.url))

/** A name that tries everything: markup, another direction, an emoji. */
export const hostileName = '<b>x</b> שלום 😀'

export async function furnish(world: ConsoleWorld): Promise<Furnished> {
  const owner = await world.client()
  const order = async (body: Operations['POST /v1/orders']['body']) => owner.call('POST /v1/orders', { body })
  const local = { regionId: 'local', zoneId: 'local-a', specId: 'host.small' }
  const east = { regionId: 'east', zoneId: 'east-a' }
  const prepaid = { chargeType: 'prepaid' as const, months: 1 as const }
  const done = await order({ request: { ...local, ...prepaid, quantity: 2, groupName: 'fraud', autoRenew: true } })
  const other = await order({
    request: { ...east, specId: 'sim.c8', chargeType: 'postpaid', quantity: 3, groupName: hostileName },
  })
  const refunded = await order({ request: { ...east, specId: 'sim.gpu8', ...prepaid, quantity: 1, groupName: 'gone' } })
  const settled = async (orderId: string) => {
    const { phase } = await owner.call('GET /v1/orders/{orderId}', { params: { orderId } })
    return phase === 'fulfilled' || phase === 'refunded'
  }
  for (const { orderId } of [done, other, refunded]) await until('the order is settled', () => settled(orderId))
  const unpaid = await order({
    request: { ...local, ...prepaid, quantity: 1, groupId: done.groupId },
    pay: false,
  })
  const groupId = done.groupId ?? ''
  const machines = await owner.call('GET /v1/machines', { query: { groupId } })
  const machineId = machines.items[0]?.machineId ?? ''
  const metadata = { name: 'digits', instance: 1, cpu: 0.5, memory: 200, resource: groupId }
  await owner.call('POST /v1/services', { body: { config: { metadata, processor: 'onnx', model_path: model } } })
  await until('the service runs', async () => {
    const service = await owner.call('GET /v1/services/{service}', { params: { service: 'digits' } })
    return service.status === 'Running'
  })
  const workspaces = await owner.call('GET /v1/workspaces', {})
  return {
    accountId: world.installation.credentials().owner.accountId,
    workspaceId: workspaces.items[0]?.workspaceId ?? '',
    groupId,
    machineId,
    postpaidGroupId: other.groupId ?? '',
    service: 'digits',
    unpaidOrderId: unpaid.orderId,
    refundedOrderId: refunded.orderId,
    doneOrderId: done.orderId,
  }
}

export interface Scene {
  name: string
  path: string
  who?: 'owner' | 'operator' | 'nobody'
  /** What is done after the page is there: a dialog opened, a tab chosen. */
  act?(open: OpenConsole): Promise<unknown>
}

const button =
  (key: string) =>
  ({ page, t }: OpenConsole) =>
    page.getByRole('button', { name: t(key), exact: true }).click()

/** The API does not answer, or never comes to an end. */
const breakApi = (page: Page, how: 'fail' | 'wait') =>
  page.route(/\/v1\/(groups|machines|orders)/, route =>
    how === 'wait'
      ? new Promise(() => undefined)
      : route.fulfill({
          status: 500,
          contentType: 'application/json',
          body: '{"code":"InternalError","message":"It did not work out."}',
        }),
  )

export function scenes(at: Furnished): Scene[] {
  const workspace = `/workspaces/${at.workspaceId}`
  const group = `${workspace}/groups/${at.groupId}`
  const broken = (how: 'fail' | 'wait') => async (open: OpenConsole) => {
    await breakApi(open.page, how)
    await open.page.reload()
  }
  return [
    { name: 'sign-in', path: '/sign-in', who: 'nobody' },
    { name: 'workspaces', path: '/workspaces' },
    { name: 'groups', path: `${workspace}/groups` },
    { name: 'groups-no-match', path: `${workspace}/groups?q=nothing-like-it` },
    { name: 'groups-loading', path: `${workspace}/groups`, act: broken('wait') },
    { name: 'groups-error', path: `${workspace}/groups`, act: broken('fail') },
    { name: 'group-rename', path: `${workspace}/groups/${at.groupId}`, act: button('groups.rename') },
    { name: 'group-machines', path: group },
    {
      name: 'group-drain',
      path: group,
      act: async open => {
        await open.page.getByRole('checkbox').nth(1).check()
        await button('machines.drain')(open)
      },
    },
    { name: 'group-services', path: `${group}?tab=services` },
    { name: 'group-orders', path: `${group}?tab=orders` },
    { name: 'group-events', path: `${group}?tab=events` },
    { name: 'group-deploy-here', path: group, act: button('groups.deploy') },
    { name: 'group-delete', path: group, act: button('groups.delete') },
    { name: 'group-hostile-name', path: `${workspace}/groups/${at.postpaidGroupId}` },
    { name: 'buy', path: `${workspace}/buy?chargeType=prepaid&regionId=local&specId=host.small&quantity=2&disk=260` },
    { name: 'buy-stock-short', path: `${workspace}/buy?regionId=east&zoneId=east-a&specId=sim.gpu1&quantity=5` },
    { name: 'buy-postpaid', path: `${workspace}/buy?chargeType=postpaid&groupId=${at.postpaidGroupId}&specId=sim.c8` },
    { name: 'purchase-pay', path: `${workspace}/purchases/${at.unpaidOrderId}` },
    { name: 'purchase-done', path: `${workspace}/purchases/${at.doneOrderId}` },
    { name: 'purchase-refunded', path: `${workspace}/purchases/${at.refundedOrderId}` },
    { name: 'machine', path: `${workspace}/machines/${at.machineId}` },
    { name: 'services', path: `${workspace}/services` },
    { name: 'service', path: `${workspace}/services/${at.service}` },
    { name: 'deploy', path: `${workspace}/deploy?groupId=${at.groupId}` },
    { name: 'orders', path: '/money/orders' },
    { name: 'order', path: `/money/orders/${at.refundedOrderId}` },
    { name: 'wallet', path: '/money/wallet' },
    { name: 'bill', path: '/money/bill' },
    ...accountScenes(workspace),
    {
      name: 'account-menu',
      path: '/workspaces',
      act: ({ page, t }) => page.getByRole('button', { name: t('account.menu') }).click(),
    },
    { name: 'not-found', path: '/workspaces/x/y/z' },
    ...operatorScenes(at),
  ]
}

const accountScenes = (workspace: string): Scene[] => [
  { name: 'keys', path: '/account/keys' },
  { name: 'key-create', path: '/account/keys', act: button('keys.create') },
  { name: 'members', path: '/account/members' },
  { name: 'member-add', path: '/account/members', act: button('users.add') },
  { name: 'member-reset', path: '/account/members', act: button('users.resetPassword') },
  { name: 'workspace-create', path: '/workspaces', act: button('workspace.create') },
  { name: 'workspace-members', path: `${workspace}/members` },
  { name: 'password', path: '/account/sessions', act: button('password.change') },
  { name: 'audit', path: '/account/audit' },
  { name: 'audit-no-match', path: '/account/audit?who=nobody-like-it' },
  { name: 'sessions', path: '/account/sessions' },
]

const operatorScenes = (at: Furnished): Scene[] => [
  { name: 'operator-accounts', path: '/operator/accounts', who: 'operator' },
  {
    name: 'operator-account-create',
    path: '/operator/accounts',
    who: 'operator',
    act: button('operator.createAccount'),
  },
  { name: 'operator-account', path: `/operator/accounts/${at.accountId}`, who: 'operator' },
  { name: 'operator-account-groups', path: `/operator/accounts/${at.accountId}?tab=groups`, who: 'operator' },
  { name: 'operator-account-users', path: `/operator/accounts/${at.accountId}?tab=users`, who: 'operator' },
  {
    name: 'operator-prices',
    path: '/operator/offerings',
    who: 'operator',
    act: ({ page, t }) =>
      page
        .getByRole('button', { name: new RegExp(t('operator.versions')) })
        .first()
        .click(),
  },
  { name: 'operator-audit', path: '/account/audit', who: 'operator' },
  { name: 'operator-offerings', path: '/operator/offerings', who: 'operator' },
  { name: 'operator-machines', path: '/operator/machines', who: 'operator' },
]

/** Waits until the page has what it asked for: nothing is loading and nothing is about to. */
export async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle', { timeout: 1_500 }).catch(() => undefined)
}
