// What the pages of money show, and their states.
import type { OpenConsole } from './console-world.ts'
import type { Furnished } from './furnish.ts'
import { button, type Scene, states } from './scene.ts'

const emptyBill = {
  from: '2026-11-01',
  to: '2026-11-25',
  billingZone: 'Asia/Shanghai',
  groups: [],
  totals: { prepaidFen: '0', postpaidFen: '0', accruedFen: '0', totalFen: '0' },
}

export const moneyScenes = (at: Furnished): Scene[] => [
  { name: 'orders', path: '/money/orders' },
  ...states('orders', '/money/orders', /\/v1\/orders\?/),
  { name: 'order', path: `/money/orders/${at.doneOrderId}` },
  { name: 'order-refunded', path: `/money/orders/${at.refundedOrderId}` },
  {
    name: 'order-error',
    alike: true,
    path: `/money/orders/${at.doneOrderId}`,
    api: { path: /\/v1\/orders\/[\w-]+$/, how: 'fails' },
  },
  { name: 'wallet', path: '/money/wallet' },
  ...states('wallet', '/money/wallet', /\/v1\/wallet\/transfers/),
  { name: 'bill', path: '/money/bill' },
  {
    name: 'bill-open',
    path: '/money/bill',
    act: ({ page, t }) =>
      page
        .getByRole('region', { name: t('bill.title') })
        .getByRole('button', { expanded: false })
        .first()
        .click(),
  },
  { name: 'bill-loading', alike: true, path: '/money/bill', api: { path: /\/v1\/bill/, how: 'waits' } },
  { name: 'bill-empty', path: '/money/bill', api: { path: /\/v1\/bill/, how: 'is empty', body: emptyBill } },
  { name: 'bill-error', path: '/money/bill', api: { path: /\/v1\/bill/, how: 'fails' } },
  {
    name: 'order-explained',
    path: `/money/orders/${at.doneOrderId}`,
    act: explain,
  },
  {
    name: 'order-explained-error',
    alike: true,
    path: `/money/orders/${at.doneOrderId}`,
    api: { path: /\/explain$/, how: 'fails' },
    act: explain,
  },
  ...statementScenes(at),
  ...expiryScenes(at),
  { name: 'notices', path: '/money/notices' },
  ...states('notices', '/money/notices', /\/v1\/notices\?limit=100/),
]

const chart = ({ page }: OpenConsole) => page.getByRole('img', { name: /./ }).locator('canvas').waitFor()
const firstFigure = ({ page }: OpenConsole) => page.locator('button.figure').first()
async function explain(open: OpenConsole): Promise<void> {
  await firstFigure(open).click()
  await open.page.getByRole('dialog').waitFor()
}

const statementScenes = ({ month }: Furnished): Scene[] => [
  { name: 'statements', path: '/money/statements' },
  ...states('statements', '/money/statements', /\/v1\/statements$/),
  {
    name: 'statement',
    path: `/money/statements/${month}`,
    act: chart,
  },
  { name: 'statement-paid', path: `/money/statements/${month}?chart=charged`, act: chart },
  {
    name: 'statement-lines',
    path: `/money/statements/${month}`,
    act: async open => {
      await chart(open)
      await explain(open)
    },
  },
  {
    name: 'statement-error',
    alike: true,
    path: `/money/statements/${month}`,
    api: { path: /\/v1\/statements\/[\d-]+$/, how: 'fails' },
  },
  { name: 'statement-no-month', path: '/money/statements/soon' },
]

const expiryScenes = ({ expiryDay }: Furnished): Scene[] => {
  const path = `/money/expiries?month=${expiryDay.slice(0, 7)}`
  return [
    { name: 'expiries', path },
    { name: 'expiries-none', path: '/money/expiries?month=2020-01' },
    { name: 'expiries-day', path: `${path}&day=${expiryDay}` },
    {
      name: 'expiries-renew',
      path: `${path}&day=${expiryDay}`,
      act: async open => {
        await open.page.getByRole('checkbox').first().check()
        await button('machines.renew')(open)
      },
    },
    { name: 'expiries-error', alike: true, path, api: { path: /\/v1\/expiries\?/, how: 'fails' } },
  ]
}
