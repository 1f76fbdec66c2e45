// Every page and state of the console as a list. Screenshots are taken from it, and accessibility and layout are checked on it.
import type { OpenConsole } from './console-world.ts'
import type { Furnished } from './furnish.ts'
import type { Drains } from './furnish-drains.ts'
import type { Instances } from './furnish-instances.ts'
import { button, dialogOf, type Scene, states } from './scene.ts'
import { drainScenes } from './scenes-drains.ts'
import { instanceScenes } from './scenes-instances.ts'
import { moneyScenes } from './scenes-money.ts'
import { trafficScenes } from './scenes-traffic.ts'

export function scenes(at: Furnished, drains: Drains, instances: Instances): Scene[] {
  const workspace = `/workspaces/${at.workspaceId}`
  return [
    { name: 'sign-in', path: '/sign-in', who: 'nobody' },
    { name: 'sign-in-refused', path: '/sign-in?refused=IdentityNotKnown', who: 'nobody' },
    { name: 'workspaces', path: '/workspaces' },
    ...states('workspaces', '/workspaces', /\/v1\/workspaces/),
    ...groupScenes(workspace, at),
    ...buyScenes(workspace, at),
    { name: 'machine', path: `${workspace}/machines/${at.machineId}` },
    { name: 'machine-resize', path: `${workspace}/machines/${at.machineId}`, act: dialogOf('machines.resize') },
    ...drainScenes(workspace, at, drains),
    ...serviceScenes(workspace, at),
    ...serviceDialogs(workspace, at),
    ...instanceScenes(workspace, at, instances),
    ...trafficScenes(workspace, at),
    ...moneyScenes(at),
    ...accountScenes(workspace),
    ...peopleScenes(workspace),
    {
      name: 'account-menu',
      path: '/workspaces',
      act: ({ page, t }) => page.getByRole('button', { name: t('account.menu') }).click(),
    },
    {
      name: 'region-menu',
      path: '/workspaces',
      act: ({ page, t }) => page.getByRole('button', { name: t('region.label') }).click(),
    },
    { name: 'not-found', path: '/workspaces/x/y/z' },
    { name: 'service-not-found', path: `${workspace}/services/nothing_like_it` },
    ...operatorScenes(at),
  ]
}

function groupScenes(workspace: string, at: Furnished): Scene[] {
  const group = `${workspace}/groups/${at.groupId}`
  return [
    { name: 'groups', path: `${workspace}/groups` },
    { name: 'groups-no-match', path: `${workspace}/groups?q=nothing-like-it` },
    ...states('groups', `${workspace}/groups`, /\/v1\/groups\?/, 'owner', false),
    { name: 'group-rename', path: `${workspace}/groups/${at.groupId}`, act: button('groups.rename') },
    { name: 'group-machines', path: group },
    ...states('group-machines', group, /\/v1\/machines\?/),
    {
      name: 'group-drain',
      path: group,
      act: async open => {
        await open.page.getByRole('checkbox').nth(1).check()
        await button('machines.drain')(open)
      },
    },
    { name: 'group-error', alike: true, path: group, api: { path: /\/v1\/groups\/[\w-]+$/, how: 'fails' } },
    { name: 'group-new', path: `${workspace}/groups`, act: button('groups.new') },
    ...['services', 'orders', 'events'].flatMap((tab): Scene[] => [
      { name: `group-${tab}`, path: `${group}?tab=${tab}` },
      {
        name: `group-${tab}-empty`,
        alike: true,
        path: `${group}?tab=${tab}`,
        api: { path: new RegExp(`/v1/${tab}\\?`), how: 'is empty' },
      },
    ]),
    { name: 'group-deploy-here', path: group, act: button('groups.deploy') },
    { name: 'group-delete', path: group, act: button('groups.delete') },
    { name: 'group-hostile-name', path: `${workspace}/groups/${at.postpaidGroupId}` },
  ]
}

/** The price is there: nothing says that it is on its way before it is asked for. */
const priced = ({ page, t }: OpenConsole) => page.getByText(t('buy.quoteUntil')).waitFor()

const buyScenes = (workspace: string, at: Furnished): Scene[] => [
  {
    name: 'buy',
    act: priced,
    path: `${workspace}/buy?chargeType=prepaid&regionId=local&specId=host.small&quantity=2&disk=260`,
  },
  {
    name: 'buy-stock-short',
    act: priced,
    path: `${workspace}/buy?regionId=east&zoneId=east-a&specId=sim.gpu1&quantity=5`,
  },
  {
    name: 'buy-postpaid',
    act: priced,
    path: `${workspace}/buy?chargeType=postpaid&groupId=${at.postpaidGroupId}&specId=sim.c8`,
  },
  { name: 'purchase-pay', path: `${workspace}/purchases/${at.unpaidOrderId}` },
  {
    name: 'purchase-cancel',
    path: `${workspace}/purchases/${at.unpaidOrderId}`,
    act: button('purchase.cancel'),
  },
  { name: 'purchase-done', path: `${workspace}/purchases/${at.doneOrderId}` },
  { name: 'purchase-refunded', path: `${workspace}/purchases/${at.refundedOrderId}` },
]

function serviceScenes(workspace: string, at: Furnished): Scene[] {
  const service = `${workspace}/services/${at.service}`
  const paused = `${workspace}/services/${at.pausedService}`
  return [
    { name: 'services', path: `${workspace}/services` },
    { name: 'services-no-match', path: `${workspace}/services?q=nothing-like-it` },
    ...states('services', `${workspace}/services`, /\/v1\/services\?/),
    { name: 'service', path: service },
    { name: 'service-error', path: service, api: { path: /\/v1\/services\/\w+$/, how: 'fails' } },
    { name: 'service-paused', path: paused },
    { name: 'service-waiting', path: `${workspace}/services/too_large` },
    { name: 'service-instances-ended', path: paused, act: ({ page }) => page.getByRole('checkbox').check() },
    { name: 'service-try', path: `${service}?tab=try` },
    { name: 'service-logs', path: `${service}?tab=logs` },
    {
      name: 'service-versions',
      path: `${paused}?tab=versions`,
      act: ({ page, t }) =>
        page
          .getByRole('region', { name: t('services.tabVersions') })
          .getByRole('button', { expanded: false })
          .last()
          .click(),
    },
    { name: 'service-events', path: `${service}?tab=events` },
    {
      name: 'service-load',
      path: `${service}?tab=load`,
      act: ({ page, t }) => page.getByRole('img', { name: t('scaling.memory') }).waitFor(),
    },
    {
      name: 'service-update',
      path: `${service}/update`,
      act: async ({ page, t }) => {
        await page.getByRole('spinbutton', { name: t('deploy.memory') }).fill('220')
        await page.getByText(t('services.updateImpact')).waitFor()
      },
    },
    { name: 'deploy', path: `${workspace}/deploy?groupId=${at.groupId}` },
    {
      name: 'deploy-refused',
      path: `${workspace}/deploy?groupId=${at.groupId}`,
      act: async ({ page, t }) => {
        await page.getByRole('textbox', { name: t('services.name'), exact: true }).fill('digits')
        await page.getByRole('textbox', { name: t('deploy.modelPath') }).fill('models/digits')
        await page.getByText(t('check.model_path')).first().waitFor()
      },
    },
    {
      name: 'deploy-bad-json',
      path: `${workspace}/deploy?groupId=${at.groupId}`,
      act: async ({ page, t }) => {
        await page.getByRole('textbox', { name: t('services.config') }).fill('{ "metadata": ')
        await page.getByText(t('deploy.badJson')).first().waitFor()
      },
    },
  ]
}

function serviceDialogs(workspace: string, at: Furnished): Scene[] {
  const service = `${workspace}/services/${at.service}`
  const paused = `${workspace}/services/${at.pausedService}`
  return [
    {
      name: 'service-scale',
      path: service,
      act: async open => {
        await button('services.scale')(open)
        await open.page.getByRole('spinbutton').fill('9')
        await open.page.getByRole('dialog').getByText(open.t('services.scaleImpact')).waitFor()
      },
    },
    { name: 'service-autoscale', path: `${service}?tab=load`, act: button('scaling.turnOn') },
    { name: 'service-cron', path: `${service}?tab=load`, act: dialogOf('cron.turnOn') },
    { name: 'service-scaled', path: `${workspace}/services/shaky?tab=load`, act: seenScaling },
    { name: 'service-restart', path: service, act: button('services.restart') },
    { name: 'service-use-version', path: `${paused}?tab=versions`, act: button('services.useVersion') },
    { name: 'service-stop', path: service, act: button('services.stop') },
    { name: 'service-delete', path: service, act: button('services.delete') },
    {
      name: 'service-roll-back',
      path: paused,
      act: open => button('rollout.rollBack')({ ...open, t: key => open.t(key, { version: '1' }) }),
    },
  ]
}

const seenScaling = ({ page, t }: OpenConsole) => page.getByRole('region', { name: t('cron.title') }).waitFor()

const accountScenes = (workspace: string): Scene[] => [
  { name: 'keys', path: '/account/keys' },
  ...states('keys', '/account/keys', /\/v1\/access-keys/),
  { name: 'key-create', path: '/account/keys', act: button('keys.create') },
  { name: 'key-rotate', path: '/account/keys', act: button('keys.rotate') },
  { name: 'key-revoke', path: '/account/keys', act: button('keys.revoke') },
  { name: 'key-shown-once', path: '/account/keys', act: madeUpKey },
  { name: 'members', path: '/account/members' },
  ...states('members', '/account/members', /\/v1\/users/),
  { name: 'member-add', path: '/account/members', act: button('users.add') },
  { name: 'member-reset', path: '/account/members', act: button('users.resetPassword') },
  { name: 'workspace-create', path: '/workspaces', act: button('workspace.create') },
  { name: 'workspace-members', path: `${workspace}/members` },
  { name: 'password', path: '/account/sessions', act: button('password.change') },
  { name: 'audit', path: '/account/audit' },
  ...states('audit', '/account/audit', /\/v1\/audit/),
  { name: 'audit-before-calendar', path: '/account/audit', api: { path: /\/DayPicker-[^/]*\.js$/, how: 'waits' } },
  { name: 'audit-no-match', path: '/account/audit?who=nobody-like-it' },
  { name: 'audit-refused', path: '/account/audit?result=refused&who=admin' },
  { name: 'sessions', path: '/account/sessions' },
  ...states('sessions', '/account/sessions', /\/v1\/sessions/),
]

/** A key that nobody has: pictures show no secret. */
async function madeUpKey(open: OpenConsole): Promise<void> {
  const { page, t } = open
  const made = { accessKeyId: 'LTAI0000000000000000', secret: '0'.repeat(40), userId: '', userName: '', createdAt: '' }
  await page.route(/\/v1\/access-keys$/, route =>
    route.request().method() === 'POST'
      ? route.fulfill({ contentType: 'application/json', body: JSON.stringify(made) })
      : route.fallback(),
  )
  await button('keys.create')(open)
  await page
    .getByRole('dialog')
    .getByRole('button', { name: t('keys.create') })
    .click()
  await page.getByText(t('keys.made')).waitFor()
}

const peopleScenes = (workspace: string): Scene[] => [
  { name: 'member-edit', path: '/account/members', act: button('users.change') },
  {
    name: 'member-disable',
    path: '/account/members',
    // The owner's own button says why it can't be pressed.
    act: ({ page, t }) =>
      page
        .getByRole('row')
        .filter({ hasText: 'chen' })
        .getByRole('button', { name: t('users.disable') })
        .click(),
  },
  { name: 'workspace-rename', path: '/workspaces', act: button('workspace.rename') },
  { name: 'workspace-member-add', path: `${workspace}/members`, act: button('workspace.addMember') },
  { name: 'workspace-member-remove', path: `${workspace}/members`, act: button('workspace.removeMember') },
  ...states('workspace-members', `${workspace}/members`, /\/v1\/workspaces\/[\w-]+\/members/),
]

/** Books that are wrong, and a clock: nobody makes these for a picture. */
const parked = {
  billingParkedSince: '2026-11-25T02:14:05Z',
  checks: [
    {
      name: 'I3 a stored balance is the sum of its transfers',
      parksBilling: true,
      checkedAt: '2026-11-25T08:20:00Z',
      roundEndedAt: '2026-11-25T08:20:00Z',
      findings: [
        {
          detail: 'wallet:acc-1:cash has 100001 and its transfers come to 100000',
          firstSeenAt: '2026-11-25T02:14:05Z',
          lastSeenAt: '2026-11-25T08:20:00Z',
        },
      ],
    },
    {
      name: 'I2 the ledger sums to zero per currency',
      parksBilling: true,
      checkedAt: '2026-11-25T08:20:01Z',
      roundEndedAt: null,
      findings: [],
    },
  ],
}
const jump = { reason: 'ahead', trustedAt: '2026-11-25T02:14:05Z', jumpedTo: '2027-11-25T02:14:05Z' }

const auditorScenes: Scene[] = [
  { name: 'operator-auditor', path: '/operator/auditor', who: 'operator' },
  ...(['waits', 'fails'] as const).map(
    (how): Scene => ({
      name: `operator-auditor-${how}`,
      alike: true,
      path: '/operator/auditor',
      who: 'operator',
      api: { path: /\/v1\/auditor$/, how },
    }),
  ),
  {
    name: 'operator-auditor-parked',
    path: '/operator/auditor',
    who: 'operator',
    api: { path: /\/v1\/auditor$/, how: 'is empty', body: parked },
  },
  {
    name: 'operator-clock',
    path: '/operator/auditor',
    who: 'operator',
    api: { path: /\/v1\/clock$/, how: 'is empty', body: { jump } },
  },
]

const waits = {
  items: [
    {
      ...{ kind: 'service', id: 'eas-m-0123456789abcdef', attempts: 7 },
      ...{
        error: 'the pod could not be made: quota "gpu" is used up (https://example.com/quota), asked for 4, 0 left',
      },
      ...{ since: '2026-11-25T02:14:05Z', lastAt: '2026-11-25T08:14:05Z', dueAt: '2026-11-25T08:24:05Z' },
    },
  ],
}

const controllersScenes: Scene[] = [
  { name: 'operator-controllers', path: '/operator/controllers', who: 'operator' },
  ...states('operator-controllers', '/operator/controllers', /\/v1\/controllers/, 'operator').filter(
    ({ api }) => api?.how !== 'is empty',
  ),
  {
    name: 'operator-controllers-empty',
    path: '/operator/controllers',
    who: 'operator',
    api: {
      path: /\/v1\/controllers/,
      how: 'is empty',
      body: { items: [], unheldDuties: ['money', 'notices', 'routes', 'upkeep'] },
    },
  },
  {
    name: 'operator-set-aside',
    path: '/operator/controllers',
    who: 'operator',
    api: { path: /\/v1\/set-aside/, how: 'is empty', body: waits },
  },
]

const operatorScenes = (at: Furnished): Scene[] => [
  { name: 'operator-accounts', path: '/operator/accounts', who: 'operator' },
  ...states('operator-accounts', '/operator/accounts', /\/v1\/accounts/, 'operator'),
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
  ...(['machines', 'orders'] as const).map(
    (tab): Scene => ({
      name: `operator-account-${tab}`,
      path: `/operator/accounts/${at.accountId}?tab=${tab}`,
      who: 'operator',
    }),
  ),
  { name: 'operator-top-up', path: '/operator/accounts', who: 'operator', act: button('operator.topUp') },
  { name: 'operator-price', path: '/operator/offerings', who: 'operator', act: button('operator.setPrice') },
  { name: 'operator-stock', path: '/operator/offerings', who: 'operator', act: dialogOf('operator.setStock') },
  {
    name: 'operator-stop-selling',
    path: '/operator/offerings',
    who: 'operator',
    act: dialogOf('operator.stopSelling'),
  },
  { name: 'operator-audit', path: '/account/audit', who: 'operator' },
  { name: 'operator-offerings', path: '/operator/offerings', who: 'operator' },
  ...states('operator-offerings', '/operator/offerings', /\/v1\/offerings/, 'operator'),
  { name: 'operator-machines', path: '/operator/machines', who: 'operator' },
  ...states('operator-machines', '/operator/machines', /\/v1\/(fleet\/)?machines/, 'operator'),
  {
    name: 'operator-release-early',
    path: `/operator/accounts/${at.accountId}?tab=machines`,
    who: 'operator',
    act: dialogOf('operator.releaseEarly'),
  },
  ...auditorScenes,
  ...controllersScenes,
]
