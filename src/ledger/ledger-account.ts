// The books of the ledger. A tenant has a cash and a voucher wallet, an order has an escrow while it is under way; these
// three carry a stored balance. The platform's books carry none: they are sums, or every write would queue behind one row.
import type { Db, Tx } from '../db/db.ts'
import {
  insertLedgerAccounts,
  lockBalances,
  selectBalances,
  selectLedgerAccounts,
  updateCurrency,
} from './ledger.store.ts'

/** A channel is where money comes from that no tenant's book held before. */
export const ledgerAccountKinds = [
  'wallet_cash',
  'wallet_voucher',
  'escrow',
  'revenue_prepaid',
  'revenue_postpaid',
  'channel',
] as const
export type LedgerAccountKind = (typeof ledgerAccountKinds)[number]

export interface LedgerAccount {
  id: string
  kind: LedgerAccountKind
  /** Whose money is in this escrow. */
  orderId: string | null
}

export const revenuePrepaid = 'revenue:prepaid'
export const revenuePostpaid = 'revenue:postpaid'
export const channelOperator = 'channel:operator'
/** Where vouchers come from: they are given, not paid. */
export const channelVoucher = 'channel:voucher'

export const walletCashId = (accountId: string): string => `wallet:${accountId}:cash`
export const walletVoucherId = (accountId: string): string => `wallet:${accountId}:voucher`
export const escrowId = (orderId: string): string => `escrow:${orderId}`

export interface Wallet {
  cashId: string
  voucherId: string
}

export interface Balances {
  cashFen: bigint
  voucherFen: bigint
}

/** The account's two wallets, opened at the first call. */
export async function walletOf(tx: Db | Tx, now: Temporal.Instant, accountId: string): Promise<Wallet> {
  const wallet = { cashId: walletCashId(accountId), voucherId: walletVoucherId(accountId) }
  await insertLedgerAccounts(tx, now, [
    { id: wallet.cashId, accountId, kind: 'wallet_cash', orderId: null },
    { id: wallet.voucherId, accountId, kind: 'wallet_voucher', orderId: null },
  ])
  return wallet
}

/** The escrow of an order, opened at the first call. Returns its id. */
export async function openEscrow(tx: Tx, now: Temporal.Instant, accountId: string, orderId: string): Promise<string> {
  const id = escrowId(orderId)
  await insertLedgerAccounts(tx, now, [{ id, accountId, kind: 'escrow', orderId }])
  return id
}

/** By id; of an id that is no book there is none. */
export async function ledgerAccountsById(db: Db | Tx, ids: readonly string[]): Promise<Map<string, LedgerAccount>> {
  const found = await selectLedgerAccounts(db, [...new Set(ids)])
  return new Map(found.map(book => [book.id, book]))
}

/** What is in the wallets; an account that never had money has 0. */
export async function balances(db: Db | Tx, accountId: string): Promise<Balances> {
  return (await balancesOf(db, [accountId]))(accountId)
}

/** The same of many accounts, looked up by account. */
export async function balancesOf(db: Db | Tx, accountIds: readonly string[]): Promise<(accountId: string) => Balances> {
  const rows = await selectBalances(
    db,
    accountIds.flatMap(id => [walletCashId(id), walletVoucherId(id)]),
  )
  return accountId => ({
    cashFen: rows.get(walletCashId(accountId)) ?? 0n,
    voucherFen: rows.get(walletVoucherId(accountId)) ?? 0n,
  })
}

/** Labels the books with the installation's currency; once money has moved, the label stays as it is. */
export async function labelCurrency(db: Db | Tx, currency: string): Promise<void> {
  await updateCurrency(db, currency)
}

/** The wallets with what is in them, locked until the transaction ends: what is decided on them stays true. */
export async function lockWallet(tx: Tx, now: Temporal.Instant, accountId: string): Promise<Wallet & Balances> {
  const wallet = await walletOf(tx, now, accountId)
  const locked = await lockBalances(tx, [wallet.cashId, wallet.voucherId])
  return {
    ...wallet,
    cashFen: locked.get(wallet.cashId)?.balanceFen ?? 0n,
    voucherFen: locked.get(wallet.voucherId)?.balanceFen ?? 0n,
  }
}

/** The wallets of many accounts, opened where missing and locked until the transaction ends. By account. */
export async function lockWallets(
  tx: Tx,
  now: Temporal.Instant,
  accountIds: readonly string[],
): Promise<Map<string, Wallet & Balances>> {
  const wallets = accountIds.map(accountId => ({
    accountId,
    cashId: walletCashId(accountId),
    voucherId: walletVoucherId(accountId),
  }))
  await insertLedgerAccounts(
    tx,
    now,
    wallets.flatMap(({ accountId, cashId, voucherId }) => [
      { id: cashId, accountId, kind: 'wallet_cash', orderId: null },
      { id: voucherId, accountId, kind: 'wallet_voucher', orderId: null },
    ]),
  )
  const locked = await lockBalances(
    tx,
    wallets.flatMap(({ cashId, voucherId }) => [cashId, voucherId]),
  )
  return new Map(
    wallets.map(({ accountId, cashId, voucherId }) => {
      const cashFen = locked.get(cashId)?.balanceFen ?? 0n
      const voucherFen = locked.get(voucherId)?.balanceFen ?? 0n
      return [accountId, { cashId, voucherId, cashFen, voucherFen }]
    }),
  )
}
