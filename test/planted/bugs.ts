// Bugs of the kind that would cost money or a request, each a small change of the code and the tests that must go red with
// it (A15). A bug whose place is no longer there must be planted anew: test/planted/planted.test.ts says so.
export interface PlantedBug {
  what: string
  file: string
  find: string
  replace: string
  tests: string[]
}

export const bugs: readonly PlantedBug[] = [
  {
    what: 'a half fen is cut off instead of rounded up',
    file: 'src/lib/money.ts',
    find: 'const rounded = (2n * magnitude + scale) / (2n * scale)',
    replace: 'const rounded = magnitude / scale',
    tests: ['src/billing/metering.test.ts', 'src/lib/money.test.ts'],
  },
  {
    what: 'the odd fen of a split is lost',
    file: 'src/lib/money.ts',
    find: 'remainders.slice(0, missing)',
    replace: 'remainders.slice(0, 0)',
    tests: ['src/lib/money.test.ts', 'test/orders/refund.test.ts'],
  },
  {
    what: 'the minute that a machine begins and does not finish is free',
    file: 'src/billing/metering.ts',
    find: 'whole * slotNs !== ns ? whole + 1n : whole',
    replace: 'whole * slotNs !== ns ? whole : whole',
    tests: ['src/billing/metering.test.ts'],
  },
  {
    what: 'a machine that flaps pays the same minute twice',
    file: 'src/billing/metering.ts',
    find: 'from: Math.max(reached, Number((startNs - zero) / slotNs))',
    replace: 'from: Number((startNs - zero) / slotNs)',
    tests: ['src/billing/metering.test.ts'],
  },
  {
    what: 'months are counted from the last expiry: a 31st becomes a 28th for ever',
    file: 'src/orders/subscription.ts',
    find: 'expiresAt: addMonthsAnchored(s.anchorAt, monthsSinceAnchor, zone)',
    replace: 'expiresAt: addMonthsAnchored(s.expiresAt, months, zone)',
    tests: ['src/orders/subscription.test.ts', 'test/soak/calendar.test.ts'],
  },
  {
    what: 'the last try of automatic renewal is left out',
    file: 'src/orders/renewal-schedule.ts',
    find: 'return [...tries, last]',
    replace: 'return tries',
    tests: ['src/orders/renewal-schedule.test.ts'],
  },
  {
    what: 'an expired machine is kept a day less than promised',
    file: 'src/fleet/kept.ts',
    find: 'export const keptFor = { hours: 360 }',
    replace: 'export const keptFor = { hours: 336 }',
    tests: ['test/orders/expiry-ladder.test.ts'],
  },
  {
    what: 'an expired machine is released though nobody was told for a day of uptime',
    file: 'src/fleet/kept.ts',
    find: 'const toldSeconds = 86_400',
    replace: 'const toldSeconds = 0',
    tests: ['test/orders/expiry-ladder.test.ts', 'test/orders/renewal.test.ts'],
  },
  {
    what: 'a transfer asked for twice moves the balance twice',
    file: 'src/ledger/transfer.ts',
    find: 'transfers.filter(t => fresh.has(t.id)),\n    options,',
    replace: 'transfers,\n    options,',
    tests: ['test/ledger/ledger.test.ts'],
  },
  {
    what: 'a wallet may be overdrawn by whoever pays',
    file: 'src/ledger/transfer.ts',
    find: "if (book.kind === 'wallet_cash' && options.allowNegative) continue",
    replace: "if (book.kind === 'wallet_cash') continue",
    tests: ['test/ledger/ledger.test.ts', 'test/orders/purchase.test.ts'],
  },
  {
    what: 'an order can be paid after it has lapsed',
    file: 'src/orders/pay-order.ts',
    find: "if (order.lapsesAt !== null && Temporal.Instant.compare(order.lapsesAt, now) <= 0) throw stateConflict(order, 'paid')",
    replace: '',
    tests: ['test/orders/purchase.test.ts', 'test/orders/refund.test.ts', 'test/orders/change-races.test.ts'],
  },
  {
    what: 'stock is read without a lock: two buyers get the last machine',
    file: 'src/catalog/stock.ts',
    find: ' for update`',
    replace: '`',
    tests: ['test/catalog', 'test/orders/last-machines.test.ts'],
  },
  {
    what: 'the last serving instance may be taken by an update',
    file: 'src/services/rollout/go-first.ts',
    find: 'Math.max(1, replicas - maxUnavailable)',
    replace: 'replicas - maxUnavailable',
    tests: ['src/services/rollout/rollout.test.ts', 'test/services/rollout-safety.test.ts'],
  },
  {
    what: 'a service instance leaves before the gateways know its replacement',
    file: 'src/services/rollout/rollout.ts',
    find: 'return unacknowledgedBy(draft.snapshot, member.routedAtGeneration ?? 0n).length === 0',
    replace: 'return true',
    tests: ['src/services/rollout/rollout.test.ts', 'test/services/rollout.test.ts'],
  },
  {
    what: 'a slot that one has left first counts for nothing: without room, one after the other goes',
    file: 'src/services/rollout/go-first.ts',
    find: 'hasNoRoom(one) && !isEmptied(one, snapshot)',
    replace: 'hasNoRoom(one)',
    tests: ['test/soak/full-group/full-group.test.ts'],
  },
  {
    what: 'what has found no room once is never placed again',
    file: 'src/services/rollout/rollout.ts',
    find: 'if (Temporal.Instant.compare(mayStartAt(member), snapshot.now) <= 0) actions',
    replace: 'if (member.waitingReason === null) actions',
    tests: ['test/soak/full-group/full-group.test.ts'],
  },
  {
    what: 'the oldest instance goes first when a service is scaled in',
    file: 'src/services/rollout/rollout.ts',
    find: 'const age = Temporal.Instant.compare(b.createdAt, a.createdAt)',
    replace: 'const age = Temporal.Instant.compare(a.createdAt, b.createdAt)',
    tests: ['src/services/rollout/rollout.test.ts', 'test/services/rollout.test.ts'],
  },
  {
    what: 'room is promised to two service instances at once',
    file: 'src/fleet/reservation.ts',
    find: 'free.set(machineId, freeOn(room, [one]))',
    replace: '',
    tests: ['test/fleet/reservations.test.ts'],
  },
  {
    what: 'a signature of an hour ago is good',
    file: 'src/gateway/clients/auth.ts',
    find: 'offBy > signatureWindowMs || ',
    replace: '',
    tests: ['src/gateway/clients/auth.test.ts'],
  },
  {
    what: 'a head with two lengths is passed on',
    file: 'src/gateway/http/request-head.ts',
    find: "if (this.#contentLengths > 1) return this.#refuse('two Content-Length fields')",
    replace: '',
    tests: ['src/gateway/http/heads.test.ts', 'test/gateway/smuggling.test.ts'],
  },
  {
    what: 'the busier of two endpoints takes the request',
    file: 'src/gateway/instances/balance.ts',
    find: 'second.inFlight < first.inFlight ? second : first',
    replace: 'second.inFlight > first.inFlight ? second : first',
    tests: ['test/gateway', 'src/gateway'],
  },
  {
    what: 'what a voucher paid comes back twice, as cash and as voucher',
    file: 'src/orders/refund-lines.ts',
    find: 'to: walletCashId(accountId), amountFen: amountFen - voucherFen }',
    replace: 'to: walletCashId(accountId), amountFen }',
    tests: ['test/orders/refund.test.ts', 'test/orders/purchase.test.ts'],
  },
  // Those that only random lives meet (test/soak/money/world.ts).
  {
    what: 'what postpaid machines have used and is not billed yet can be spent',
    file: 'src/orders/pay-order.ts',
    find: 'const freeCashFen = wallet.cashFen - unbilledFen',
    replace: 'const freeCashFen = wallet.cashFen',
    tests: ['test/soak/money/money.test.ts'],
  },
  {
    what: 'a machine that has expired and is not stopped yet is renewed from its old expiry',
    file: 'src/orders/subscription.ts',
    find: 's.stoppedAt !== null || Temporal.Instant.compare(s.expiresAt, now) <= 0',
    replace: 's.stoppedAt !== null',
    tests: ['test/soak/money/money.test.ts'],
  },
  {
    what: 'a lost machine is paid for until somebody finds that it is lost',
    file: 'src/fleet/machine-outcome.ts',
    find: 'intervalEnd: aliveUntil,',
    replace: 'intervalEnd: now,',
    tests: ['test/soak/money/money.test.ts'],
  },
  {
    what: 'what an early end gives back of a voucher comes as cash',
    file: 'src/orders/unused-refund.ts',
    find: '[paid.amountFen - paid.voucherFen, paid.voucherFen])',
    replace: '[paid.amountFen, 0n])',
    tests: ['test/soak/money/money.test.ts'],
  },
  {
    what: 'a preview places on machines that its action closes',
    file: 'src/services/impact/rehearse.ts',
    find: '{ ...rest, closedBecause: because }',
    replace: '{ ...rest, closedBecause: room.closedBecause }',
    tests: ['test/insight/preview.test.ts', 'test/soak/preview/preview.test.ts'],
  },
]
