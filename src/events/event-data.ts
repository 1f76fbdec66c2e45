// What events may say besides what happened: the names that the `data` of an event is made of. A closed list: whoever shows
// events knows what may come. The console has words for each, and test/console/event-details.test.ts finds what is not in here.
export const eventDetails = [
  ...['address', 'aliveUntil', 'amountFen', 'autoRenew', 'base', 'because', 'before', 'billingDay', 'cashFen'],
  ...['checkName', 'code', 'crashCount', 'cut', 'deadlineAt', 'details', 'drainId', 'effectiveAt', 'email', 'end'],
  ...['exitCode', 'expiresAt', 'failure', 'force', 'from', 'fromGib', 'fromVersion', 'groupId', 'holds', 'issuer'],
  ...['item', 'kind', 'lostAt', 'machineId', 'message', 'minutes', 'missing', 'months', 'name', 'nextTryAt', 'number'],
  ...['orderId', 'ownerKind', 'paidUntil', 'price', 'quantity', 'quoteId', 'reason', 'refundFen', 'refundOrderId'],
  ...['refundedFen', 'replacedBy', 'replacesId', 'replicas', 'reserved', 'restartGeneration', 'role', 'serviceId'],
  ...['serviceInstanceId', 'signal', 'start', 'startsAt', 'subject', 'throughNumber', 'to', 'toGib', 'total'],
  ...[
    'totalFen',
    'transferId',
    'userId',
    'version',
    'voucherFen',
    'waitingLines',
    'waitsUntil',
    'wall',
    'wallet',
    'zone',
  ],
] as const

export type EventDetail = (typeof eventDetails)[number]
export type EventData = { readonly [Detail in EventDetail]?: unknown }
