// Generated from openapi.json by `npm run generate`. Do not edit.

export interface Operations {
  /** List access keys without secrets: your own; an owner sees those of the whole account */
  'GET /v1/access-keys': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ accessKeyId: string; userId: string; userName: string; createdAt: string; expiresAt: string | null; revokedAt: string | null; lastUsedAt: string | null; refusals: { rotate: { code: string; message: string } | null; revoke: { code: string; message: string } | null } })[] }
  }
  /** Create access key: for yourself, or by an owner for a user */
  'POST /v1/access-keys': {
    params: Record<never, never>
    query: Record<never, never>
    body: { userId?: string }
    returns: { accessKeyId: string; secret: string; userId: string; expiresAt: string | null }
  }
  /** Revoke access key at once */
  'POST /v1/access-keys/{accessKeyId}/revoke': {
    params: { accessKeyId: string }
    query: Record<never, never>
    body: null
    returns: null
  }
  /** Rotate access key: a new one; the old one ends after the overlap */
  'POST /v1/access-keys/{accessKeyId}/rotate': {
    params: { accessKeyId: string }
    query: Record<never, never>
    body: { overlapSeconds?: number }
    returns: { accessKeyId: string; secret: string; userId: string; expiresAt: string | null }
  }
  /** List accounts */
  'GET /v1/accounts': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ accountId: string; name: string; createdAt: string })[] }
  }
  /** Create account, with its owner and the first access key */
  'POST /v1/accounts': {
    params: Record<never, never>
    query: Record<never, never>
    body: { name: string; ownerName?: string; withPassword?: boolean }
    returns: { account: { accountId: string; name: string; createdAt: string }; key: { accessKeyId: string; secret: string; userId: string; expiresAt: string | null }; password: string | null }
  }
  /** Get account, with how much it has */
  'GET /v1/accounts/{accountId}': {
    params: { accountId: string }
    query: Record<never, never>
    body: null
    returns: { accountId: string; name: string; createdAt: string; users: number; groups: number; machines: number }
  }
  /** Release a prepaid machine before its expiry, and give back what is unused */
  'POST /v1/accounts/{accountId}/early-releases': {
    params: { accountId: string }
    query: Record<never, never>
    body: { quoteId: string; reason: string; force?: boolean; clientToken?: string }
    returns: { orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null }
  }
  /** Quote the end of a prepaid machine before its expiry: what is unused of each paid period */
  'POST /v1/accounts/{accountId}/early-releases/quotes': {
    params: { accountId: string }
    query: Record<never, never>
    body: { machineId: string }
    returns: { quoteId: string; machineId: string; groupId: string; paidUntil: string; endsAt: string; totalFen: string; voucherFen: string; expiresAt: string; lines: ({ orderId: string; lineNo: number; kind: string; startsAt: string; expiresAt: string; paidFen: string; unusedSeconds: string; wholeSeconds: string; refundFen: string; voucherFen: string })[] }
  }
  /** List resource groups of an account */
  'GET /v1/accounts/{accountId}/groups': {
    params: { accountId: string }
    query: { limit?: number; after?: string; name?: string; regionId?: string }
    body: null
    returns: { items: ({ groupId: string; name: string; kind: "prepaid" | "postpaid"; regionId: string; machines: number; prepaidMachines: number; postpaidMachines: number; runningMachines: number; openMachines: number; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuCount: number; gpuUsed: number; services: number; nextExpiresAt: string | null; createdAt: string; updatedAt: string; etag: string })[]; nextPageToken: string | null }
  }
  /** List machines of an account */
  'GET /v1/accounts/{accountId}/machines': {
    params: { accountId: string }
    query: { limit?: number; after?: string; groupId?: string; machineIds?: string; zoneId?: string; specId?: string; chargeType?: "prepaid" | "postpaid"; phase?: "pending" | "provisioning" | "running" | "stopped" | "failed" | "releasing" | "released" }
    body: null
    returns: { items: ({ machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null } })[]; nextPageToken: string | null }
  }
  /** List orders of an account, newest first */
  'GET /v1/accounts/{accountId}/orders': {
    params: { accountId: string }
    query: { limit?: number; after?: string; kind?: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase?: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; groupId?: string; parentOrderId?: string }
    body: null
    returns: { items: ({ orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null })[]; nextPageToken: string | null }
  }
  /** Top up the wallet of an account */
  'POST /v1/accounts/{accountId}/top-ups': {
    params: { accountId: string }
    query: Record<never, never>
    body: { amountFen: string; wallet?: "cash" | "voucher"; clientToken?: string }
    returns: { transferId: string; accountId: string; amountFen: string }
  }
  /** List users of an account */
  'GET /v1/accounts/{accountId}/users': {
    params: { accountId: string }
    query: Record<never, never>
    body: null
    returns: { items: ({ userId: string; name: string; role: "owner" | "finance" | "developer" | "viewer" | "operator"; email: string | null; disabledAt: string | null; createdAt: string; refusals: { changeRole: { code: string; message: string } | null; disable: { code: string; message: string } | null } })[] }
  }
  /** Reset the password of a user of an account, for an owner who is locked out: their sessions end */
  'POST /v1/accounts/{accountId}/users/{userId}/reset-password': {
    params: { accountId: string; userId: string }
    query: Record<never, never>
    body: null
    returns: { userId: string; password: string }
  }
  /** Get the wallet of an account */
  'GET /v1/accounts/{accountId}/wallet': {
    params: { accountId: string }
    query: Record<never, never>
    body: null
    returns: { accountId: string; currency: string; cashFen: string; voucherFen: string; accruedFen: string; availableFen: string; burnPerDayFen: string; runwaySeconds: number | null; lastsUntil: string | null; isLow: boolean; arrears: { arrearsId: string; since: string; owedFen: string; stopsAt: string; stoppedAt: string | null; keptUntil: string | null; releasedAt: string | null; stoppedMachines: number } | null }
  }
  /** List what moved in the wallet of an account, newest first */
  'GET /v1/accounts/{accountId}/wallet/transfers': {
    params: { accountId: string }
    query: { limit?: number; after?: string }
    body: null
    returns: { items: ({ transferId: string; kind: string; wallet: "cash" | "voucher"; signedFen: string; orderId: string | null; machineId: string | null; at: string; memo: string })[]; nextPageToken: string | null }
  }
  /** Bring prepaid machines to one common expiry: one order for all of them */
  'POST /v1/alignments': {
    params: Record<never, never>
    query: Record<never, never>
    body: { quoteId?: string; request?: { machineIds?: (string)[]; groupId?: string; day?: string }; pay?: boolean; clientToken?: string }
    returns: { orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null }
  }
  /** Quote one common expiry for prepaid machines: the latest among them, or the same time on a later day */
  'POST /v1/alignments/quotes': {
    params: Record<never, never>
    query: Record<never, never>
    body: { machineIds?: (string)[]; groupId?: string; day?: string }
    returns: { quoteId: string; alignsTo: string; unchanged: number; totalFen: string; expiresAt: string; lines: ({ machineId: string; amountFen: string; quotedExpiresAt: string; formula: string })[] }
  }
  /** List who wrote what, when, from where and with which result, newest first */
  'GET /v1/audit': {
    params: Record<never, never>
    query: { limit?: number; after?: string; userId?: string; who?: string; operation?: string; subjectId?: string; result?: "done" | "refused"; from?: string; to?: string; format?: "json" | "csv" }
    body: null
    returns: { items: ({ auditId: string; at: string; accountId: string | null; userId: string | null; who: string; method: "access_key" | "session" | "password" | "oidc"; credentialId: string | null; operation: string; subjectId: string; address: string; status: number; code: string | null; requestId: string })[]; nextPageToken: string | null }
  }
  /** Get what the auditor has checked and found, and whether billing is parked for it */
  'GET /v1/auditor': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { billingParkedSince: string | null; checks: ({ name: string; parksBilling: boolean; checkedAt: string | null; roundEndedAt: string | null; findings: ({ detail: string; firstSeenAt: string; lastSeenAt: string })[] })[] }
  }
  /** Get the auditor's figures in Prometheus' text format */
  'GET /v1/auditor/metrics': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: 'stream'
  }
  /** Get the bill of a period: by group and machine, with what has accrued */
  'GET /v1/bill': {
    params: Record<never, never>
    query: { from?: string; to?: string }
    body: null
    returns: { accountId: string; from: string; to: string; billingZone: string; currency: string; groups: ({ groupId: string; name: string; totalFen: string; machines: ({ machineId: string; specId: string; chargeType: string; totalFen: string; entries: ({ kind: "prepaid" | "postpaid" | "accrued"; item: string | null; orderId: string | null; transferId: string | null; at: string | null; days: number | null; minutes: number | null; memo: string; amountFen: string })[] })[] })[]; totals: { prepaidFen: string; postpaidFen: string; accruedFen: string; totalFen: string }; wallet: { openingFen: string; topUpFen: string; paidFen: string; refundedFen: string; usageFen: string; otherFen: string; closingFen: string } }
  }
  /** Say whether the clock is trusted: while it is not, expiry, release and billing wait */
  'GET /v1/clock': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { jump: { reason: "ahead" | "behind"; trustedAt: string; jumpedTo: string } | null }
  }
  /** List the controllers: who lives and has which duties, and how those of the last day ended */
  'GET /v1/controllers': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ controllerId: string; host: string; hostName: string; pid: number; version: string; duties: (string)[]; startedAt: string; beatAt: string; endedAt: string | null; endedBecause: "stopped" | "silent" | "gone" | null; refusedWrites: string })[]; unheldDuties: (string)[] }
  }
  /** Create a drain plan: machines drained one batch after the other, within windows */
  'POST /v1/drain-plans': {
    params: Record<never, never>
    query: Record<never, never>
    body: { groupId: string; machineIds?: (string)[]; zoneId?: string; specId?: string; batchSize?: number; deadlineSeconds?: number; afterwards?: "hold" | "return"; windows?: ({ days: (number)[]; from: string; to: string })[]; timeZone?: string; reason?: string }
    returns: { planId: string; groupId: string; phase: "running" | "paused" | "done" | "cancelled"; reason: string; actor: string; by: { kind: "user" | "operator" | "system"; name: string }; batchSize: number; deadlineSeconds: number; afterwards: "hold" | "return"; windows: ({ days: (number)[]; from: string; to: string })[]; timeZone: string; createdAt: string; endedAt: string | null; asks: ({ code: "Overdue" | "Blocked" | "DrainEnded"; machineId: string })[]; waitsFor: { code: "Batch" | "Window" | "Frozen"; opensAt: string | null } | null; batches: number; machines: ({ machineId: string; batch: number; phase: "waiting" | "draining" | "drained" | "failed" | "skipped"; drainId: string | null; note: string | null; endedAt: string | null; instances: number; moved: number; requestsServed: number; requestsFailed: number })[] }
  }
  /** List drain plans, newest first */
  'GET /v1/drain-plans': {
    params: Record<never, never>
    query: { groupId?: string }
    body: null
    returns: { items: ({ planId: string; groupId: string; phase: "running" | "paused" | "done" | "cancelled"; reason: string; actor: string; by: { kind: "user" | "operator" | "system"; name: string }; batchSize: number; deadlineSeconds: number; afterwards: "hold" | "return"; windows: ({ days: (number)[]; from: string; to: string })[]; timeZone: string; createdAt: string; endedAt: string | null; asks: ({ code: "Overdue" | "Blocked" | "DrainEnded"; machineId: string })[]; waitsFor: { code: "Batch" | "Window" | "Frozen"; opensAt: string | null } | null; batches: number; machines: ({ machineId: string; batch: number; phase: "waiting" | "draining" | "drained" | "failed" | "skipped"; drainId: string | null; note: string | null; endedAt: string | null; instances: number; moved: number; requestsServed: number; requestsFailed: number })[] })[] }
  }
  /** Get a drain plan: its progress, what it asks or waits for, and what each drain did */
  'GET /v1/drain-plans/{planId}': {
    params: { planId: string }
    query: Record<never, never>
    body: null
    returns: { planId: string; groupId: string; phase: "running" | "paused" | "done" | "cancelled"; reason: string; actor: string; by: { kind: "user" | "operator" | "system"; name: string }; batchSize: number; deadlineSeconds: number; afterwards: "hold" | "return"; windows: ({ days: (number)[]; from: string; to: string })[]; timeZone: string; createdAt: string; endedAt: string | null; asks: ({ code: "Overdue" | "Blocked" | "DrainEnded"; machineId: string })[]; waitsFor: { code: "Batch" | "Window" | "Frozen"; opensAt: string | null } | null; batches: number; machines: ({ machineId: string; batch: number; phase: "waiting" | "draining" | "drained" | "failed" | "skipped"; drainId: string | null; note: string | null; endedAt: string | null; instances: number; moved: number; requestsServed: number; requestsFailed: number })[] }
  }
  /** Cancel drain plan, and its drains under way; what it emptied stays held */
  'POST /v1/drain-plans/{planId}/cancel': {
    params: { planId: string }
    query: Record<never, never>
    body: null
    returns: { planId: string; groupId: string; phase: "running" | "paused" | "done" | "cancelled"; reason: string; actor: string; by: { kind: "user" | "operator" | "system"; name: string }; batchSize: number; deadlineSeconds: number; afterwards: "hold" | "return"; windows: ({ days: (number)[]; from: string; to: string })[]; timeZone: string; createdAt: string; endedAt: string | null; asks: ({ code: "Overdue" | "Blocked" | "DrainEnded"; machineId: string })[]; waitsFor: { code: "Batch" | "Window" | "Frozen"; opensAt: string | null } | null; batches: number; machines: ({ machineId: string; batch: number; phase: "waiting" | "draining" | "drained" | "failed" | "skipped"; drainId: string | null; note: string | null; endedAt: string | null; instances: number; moved: number; requestsServed: number; requestsFailed: number })[] }
  }
  /** Pause drain plan: no further batch; what is draining goes on */
  'POST /v1/drain-plans/{planId}/pause': {
    params: { planId: string }
    query: Record<never, never>
    body: null
    returns: { planId: string; groupId: string; phase: "running" | "paused" | "done" | "cancelled"; reason: string; actor: string; by: { kind: "user" | "operator" | "system"; name: string }; batchSize: number; deadlineSeconds: number; afterwards: "hold" | "return"; windows: ({ days: (number)[]; from: string; to: string })[]; timeZone: string; createdAt: string; endedAt: string | null; asks: ({ code: "Overdue" | "Blocked" | "DrainEnded"; machineId: string })[]; waitsFor: { code: "Batch" | "Window" | "Frozen"; opensAt: string | null } | null; batches: number; machines: ({ machineId: string; batch: number; phase: "waiting" | "draining" | "drained" | "failed" | "skipped"; drainId: string | null; note: string | null; endedAt: string | null; instances: number; moved: number; requestsServed: number; requestsFailed: number })[] }
  }
  /** Resume drain plan: on with the next batch, without what was not emptied */
  'POST /v1/drain-plans/{planId}/resume': {
    params: { planId: string }
    query: Record<never, never>
    body: null
    returns: { planId: string; groupId: string; phase: "running" | "paused" | "done" | "cancelled"; reason: string; actor: string; by: { kind: "user" | "operator" | "system"; name: string }; batchSize: number; deadlineSeconds: number; afterwards: "hold" | "return"; windows: ({ days: (number)[]; from: string; to: string })[]; timeZone: string; createdAt: string; endedAt: string | null; asks: ({ code: "Overdue" | "Blocked" | "DrainEnded"; machineId: string })[]; waitsFor: { code: "Batch" | "Window" | "Frozen"; opensAt: string | null } | null; batches: number; machines: ({ machineId: string; batch: number; phase: "waiting" | "draining" | "drained" | "failed" | "skipped"; drainId: string | null; note: string | null; endedAt: string | null; instances: number; moved: number; requestsServed: number; requestsFailed: number })[] }
  }
  /** Preview a drain plan: its batches, when it would begin, and what its first batch would move; nothing is done */
  'POST /v1/drain-plans/preview': {
    params: Record<never, never>
    query: Record<never, never>
    body: { groupId: string; machineIds?: (string)[]; zoneId?: string; specId?: string; batchSize?: number; deadlineSeconds?: number; afterwards?: "hold" | "return"; windows?: ({ days: (number)[]; from: string; to: string })[]; timeZone?: string; reason?: string }
    returns: { batches: ((string)[])[]; opensAt: string | null; firstBatch: { previewId: string; action: "cordon" | "uncordon" | "drain" | "extendDrain" | "cancelDrain" | "overrideDrain" | "forceDrain" | "release"; machines: ({ machineId: string; refusal: { code: string; message: string } | null; unchanged: boolean; places: "cordon" | "drain" | null; lifts: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; remaining: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; endsDrain: boolean; setsDeadline: boolean; setsOverride: boolean; stops: boolean; serviceInstances: number; accruedFen: string | null })[]; services: ({ serviceId: string; name: string; owner: string; ownerName: { kind: "user" | "operator" | "system"; name: string }; replicas: number; running: number; runningAfter: number; floor: number; belowFloor: boolean; losesLast: boolean; instances: ({ serviceInstanceId: string; machineId: string | null; fate: "moves" | "restarts" | "finishes" | "stops"; toMachineId: string | null; noRoom: { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null; inFlight: number | null })[] })[]; otherServices: { services: number; serviceInstances: number; belowFloor: number }; groups: ({ groupId: string; openMachines: number; openMachinesAfter: number })[]; billing: { endsAt: string; accruedFen: string } | null } }
  }
  /** List what happened, newest first */
  'GET /v1/events': {
    params: Record<never, never>
    query: { subjectKind?: "group" | "machine" | "drain_plan" | "order" | "service" | "service_instance" | "traffic_group" | "account" | "access_key" | "user" | "workspace" | "offering" | "stock" | "zone" | "region" | "billing_day"; subjectId?: string; before?: string; limit?: number }
    body: null
    returns: { items: ({ eventId: string; at: string; kind: string; subjectKind: string; subjectId: string; actor: string; by: { kind: "user" | "operator" | "system"; name: string }; data: Record<string, unknown> })[] }
  }
  /** Follow what changes, as server-sent events */
  'GET /v1/events/stream': {
    params: Record<never, never>
    query: { after?: string }
    body: null
    returns: 'stream'
  }
  /** List the days of a month on which prepaid machines expire, and what their renewal would cost */
  'GET /v1/expiries': {
    params: Record<never, never>
    query: { month?: string }
    body: null
    returns: { month: string; billingZone: string; days: ({ day: string; machines: number; autoRenew: number; renewalFen: string; autoRenewFen: string })[] }
  }
  /** List the machines that expire on a day, the first to expire first */
  'GET /v1/expiries/machines': {
    params: Record<never, never>
    query: { limit?: number; after?: string; day: string }
    body: null
    returns: { items: ({ machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null }; renewalMonths: 1 | 2 | 3 | 6 | 12; renewalFen: string | null })[]; nextPageToken: string | null }
  }
  /** List machines of all accounts */
  'GET /v1/fleet/machines': {
    params: Record<never, never>
    query: { limit?: number; after?: string; groupId?: string; machineIds?: string; zoneId?: string; specId?: string; chargeType?: "prepaid" | "postpaid"; phase?: "pending" | "provisioning" | "running" | "stopped" | "failed" | "releasing" | "released"; accountId?: string; regionId?: string }
    body: null
    returns: { items: ({ machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null }; accountId: string; accountName: string })[]; nextPageToken: string | null }
  }
  /** List regions in which nothing is done by itself, since most of their machines are away at once */
  'GET /v1/freezes': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ regionId: string; frozenAt: string; away: number; machines: number })[] }
  }
  /** List resource groups */
  'GET /v1/groups': {
    params: Record<never, never>
    query: { limit?: number; after?: string; name?: string; regionId?: string }
    body: null
    returns: { items: ({ groupId: string; name: string; kind: "prepaid" | "postpaid"; regionId: string; machines: number; prepaidMachines: number; postpaidMachines: number; runningMachines: number; openMachines: number; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuCount: number; gpuUsed: number; services: number; nextExpiresAt: string | null; createdAt: string; updatedAt: string; etag: string })[]; nextPageToken: string | null }
  }
  /** Get resource group */
  'GET /v1/groups/{groupId}': {
    params: { groupId: string }
    query: Record<never, never>
    body: null
    returns: { groupId: string; name: string; kind: "prepaid" | "postpaid"; regionId: string; machines: number; prepaidMachines: number; postpaidMachines: number; runningMachines: number; openMachines: number; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuCount: number; gpuUsed: number; services: number; nextExpiresAt: string | null; createdAt: string; updatedAt: string; etag: string }
  }
  /** Rename resource group */
  'PATCH /v1/groups/{groupId}': {
    params: { groupId: string }
    query: Record<never, never>
    body: { name: string; ifMatch?: string }
    returns: { groupId: string; name: string; kind: "prepaid" | "postpaid"; regionId: string; machines: number; prepaidMachines: number; postpaidMachines: number; runningMachines: number; openMachines: number; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuCount: number; gpuUsed: number; services: number; nextExpiresAt: string | null; createdAt: string; updatedAt: string; etag: string }
  }
  /** Delete resource group */
  'DELETE /v1/groups/{groupId}': {
    params: { groupId: string }
    query: Record<never, never>
    body: null
    returns: null
  }
  /** Rebalance group: pack what runs onto fewer machines, and spread what asks for it, replacement first */
  'POST /v1/groups/{groupId}/rebalance': {
    params: { groupId: string }
    query: Record<never, never>
    body: { previewId?: string }
    returns: { groupId: string; moves: ({ serviceInstanceId: string; serviceId: string; serviceName: string; fromMachineId: string; toMachineId: string })[]; otherMoves: number; emptiedMachineIds: (string)[] }
  }
  /** Preview rebalance: what would move whither, and which machines it would empty; nothing is done */
  'POST /v1/groups/{groupId}/rebalance/preview': {
    params: { groupId: string }
    query: Record<never, never>
    body: null
    returns: { groupId: string; moves: ({ serviceInstanceId: string; serviceId: string; serviceName: string; fromMachineId: string; toMachineId: string })[]; otherMoves: number; emptiedMachineIds: (string)[]; previewId: string }
  }
  /** Get what stands in the way of deleting a resource group */
  'GET /v1/groups/{groupId}/remaining': {
    params: { groupId: string }
    query: Record<never, never>
    body: null
    returns: { refusal: { code: string; message: string } | null; machines: ({ machineId: string; phase: string })[]; services: ({ serviceId: string; name: string })[]; otherServices: number; more: boolean }
  }
  /** Say that the process answers; asks nothing of the database */
  'GET /v1/health/live': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { ok: true }
  }
  /** Get facts of the installation */
  'GET /v1/installation': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { version: string; currency: string; billingZone: string; operatorContact: string; gatewayUrl: string; exampleModelPath: string | null }
  }
  /** List machines */
  'GET /v1/machines': {
    params: Record<never, never>
    query: { limit?: number; after?: string; groupId?: string; machineIds?: string; zoneId?: string; specId?: string; chargeType?: "prepaid" | "postpaid"; phase?: "pending" | "provisioning" | "running" | "stopped" | "failed" | "releasing" | "released" }
    body: null
    returns: { items: ({ machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null } })[]; nextPageToken: string | null }
  }
  /** Get machine */
  'GET /v1/machines/{machineId}': {
    params: { machineId: string }
    query: Record<never, never>
    body: null
    returns: { machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null } }
  }
  /** List the billed days of a machine with their price versions */
  'GET /v1/machines/{machineId}/bill-lines': {
    params: { machineId: string }
    query: { from?: string; to?: string }
    body: null
    returns: { items: ({ billingDay: string; item: "machine" | "disk"; minutes: number; amountFen: string; segments: ({ priceVersion: number; microsPerHour: string; minutes: number })[] })[] }
  }
  /** Cordon machine: no new placement */
  'POST /v1/machines/{machineId}/cordon': {
    params: { machineId: string }
    query: Record<never, never>
    body: { reason?: string }
    returns: { machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null } }
  }
  /** Drain machine: cordon it and move everything away, replacement first */
  'POST /v1/machines/{machineId}/drain': {
    params: { machineId: string }
    query: Record<never, never>
    body: { reason?: string; deadlineSeconds?: number; previewId?: string }
    returns: { machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null } }
  }
  /** Get the latest drain: progress, what blocks it, its receipt */
  'GET /v1/machines/{machineId}/drain': {
    params: { machineId: string }
    query: Record<never, never>
    body: null
    returns: { drainId: string; machineId: string; phase: "draining" | "blocked" | "overdue" | "drained" | "cancelled" | "aborted"; reason: string; actor: string; by: { kind: "user" | "operator" | "system"; name: string }; force: boolean; override: { actor: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string } | null; startedAt: string; deadlineAt: string; endedAt: string | null; moves: ({ serviceInstanceId: string; serviceId: string; serviceName: string; workspaceId: string; owner: string; ownerName: { kind: "user" | "operator" | "system"; name: string }; replacementId: string | null; toMachineId: string | null; waitsFor: { code: "NoRoom" | "ReplacementFailing" | "ReplacementStarting" | "GatewayNotAcknowledged" | "RequestsInFlight" | "OpenConnections" | "Stopping"; message: string; count: number | null; gatewayIds: (string)[]; noRoom: { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null } | null; inFlightAtStart: number; served: number; failed: number; longestMs: number; streamsWaitedFor: number; streamsCut: number; startedAt: string; waitsSince: string | null; movedAt: string | null })[]; otherMoves: { instances: number; moved: number }; receipt: { instances: number; moved: number; inFlightAtStart: number; requestsServed: number; requestsFailed: number; longestMs: number; streamsWaitedFor: number; streamsCut: number; whither: ({ serviceInstanceId: string; from: string; to: string | null })[] } }
  }
  /** Cancel drain: what was moved stays moved */
  'POST /v1/machines/{machineId}/drain/cancel': {
    params: { machineId: string }
    query: Record<never, never>
    body: null
    returns: { machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null } }
  }
  /** Set another deadline for a drain under way: one that is overdue waits on */
  'PUT /v1/machines/{machineId}/drain/deadline': {
    params: { machineId: string }
    query: Record<never, never>
    body: { deadlineSeconds?: number }
    returns: { machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null } }
  }
  /** Force drain: stops what is left, with grace */
  'POST /v1/machines/{machineId}/drain/force': {
    params: { machineId: string }
    query: Record<never, never>
    body: { reason: string; previewId?: string }
    returns: { machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null } }
  }
  /** Override the floor of services: what finds no room elsewhere goes without a replacement, its requests finished */
  'POST /v1/machines/{machineId}/drain/override': {
    params: { machineId: string }
    query: Record<never, never>
    body: { reason: string }
    returns: { machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null } }
  }
  /** Explain what a machine has cost: its orders, when it ran, what was paid and billed */
  'GET /v1/machines/{machineId}/explain': {
    params: { machineId: string }
    query: Record<never, never>
    body: null
    returns: { subject: { kind: "order" | "machine" | "line" | "transfer"; id: string }; amountFen: string | null; steps: ({ code: "order" | "machine" | "interval" | "minutes" | "price" | "list_price" | "formula" | "rounding" | "line" | "period" | "billed" | "correction" | "transfer" | "more"; at: string | null; ids: Record<string, string>; figures: Record<string, string> })[] }
  }
  /** List what runs on a machine */
  'GET /v1/machines/{machineId}/instances': {
    params: { machineId: string }
    query: Record<never, never>
    body: null
    returns: { items: ({ serviceInstanceId: string; serviceId: string; version: number; machineId: string | null; status: string; reason: string; cause: { code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null; replaces: string | null; ready: boolean; crashCount: number; restartCount: number; createdAt: string; readyAt: string | null; endedAt: string | null; serviceName: string; workspaceId: string })[]; others: number }
  }
  /** Uncordon machine: lifts what people hold and cancels the drain */
  'POST /v1/machines/{machineId}/uncordon': {
    params: { machineId: string }
    query: Record<never, never>
    body: null
    returns: { machineId: string; groupId: string; orderId: string; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; status: string; phase: string; stoppedBecause: string | null; failure: { code: string; message: string } | null; cpuMilli: number; cpuUsedMilli: number; memoryMib: number; memoryUsedMib: number; gpuModel: string | null; gpuCount: number; gpuUsed: number; systemDiskGib: number; address: string | null; createdAt: string; runningAt: string | null; expiresAt: string | null; autoRenew: boolean; lostAt: string | null; unreachableAt: string | null; repair: { phase: "waiting" | "repairing" | "repaired"; because: "lost" | "unreachable"; awayAt: string; startedAt: string | null; waitsFor: { code: "NotYet"; message: string; dueAt: string } | { code: "Brake"; message: string; repairing: number; limit: number; machines: number } | { code: "Frozen"; message: string; away: number; machines: number } | null } | null; holds: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; drain: { drainId: string; phase: string; reason: string; startedAt: string; deadlineAt: string; overdue: boolean } | null; refusals: { cordon: { code: string; message: string } | null; uncordon: { code: string; message: string } | null; drain: { code: string; message: string } | null; extendDrain: { code: string; message: string } | null; cancelDrain: { code: string; message: string } | null; overrideDrain: { code: string; message: string } | null; forceDrain: { code: string; message: string } | null; release: { code: string; message: string } | null; renew: { code: string; message: string } | null; resize: { code: string; message: string } | null } }
  }
  /** Cordon, uncordon or drain machines: all of them or, refused, none */
  'POST /v1/machines/actions': {
    params: Record<never, never>
    query: Record<never, never>
    body: { action: "cordon" | "uncordon" | "drain" | "extendDrain" | "cancelDrain" | "overrideDrain" | "forceDrain"; machineIds: (string)[]; reason?: string; deadlineSeconds?: number; previewId?: string }
    returns: { machineIds: (string)[] }
  }
  /** Will it fit: where what runs on machines of a group would move if they were drained */
  'POST /v1/machines/fit': {
    params: Record<never, never>
    query: Record<never, never>
    body: { machineIds: (string)[] }
    returns: { groupId: string; verdict: "fits" | "fits_after_moves" | "does_not_fit"; instances: ({ serviceId: string | null; serviceName: string; serviceInstanceId: string | null; replacesId: string | null; cpuMilli: number; memoryMib: number; gpuCount: number; machineId: string | null; reason: { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null })[]; otherInstances: { placed: number; unplaced: number }; moves: ({ serviceInstanceId: string; serviceName: string; fromMachineId: string; toMachineId: string })[]; buy: ({ regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; months: 1 | 2 | 3 | 6 | 12 | null; quantity: number; available: number; unitFen: string; totalFen: string; dayFen: string; formula: string })[] }
  }
  /** Preview an action on machines: what it would do, decided as the action decides; nothing is done */
  'POST /v1/machines/preview': {
    params: Record<never, never>
    query: Record<never, never>
    body: { action: "cordon" | "uncordon" | "drain" | "extendDrain" | "cancelDrain" | "overrideDrain" | "forceDrain" | "release"; machineIds: (string)[]; force?: boolean }
    returns: { previewId: string; action: "cordon" | "uncordon" | "drain" | "extendDrain" | "cancelDrain" | "overrideDrain" | "forceDrain" | "release"; machines: ({ machineId: string; refusal: { code: string; message: string } | null; unchanged: boolean; places: "cordon" | "drain" | null; lifts: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; remaining: ({ ownerKind: string; owner: string; by: { kind: "user" | "operator" | "system"; name: string }; reason: string; at: string; expiresAt: string | null })[]; endsDrain: boolean; setsDeadline: boolean; setsOverride: boolean; stops: boolean; serviceInstances: number; accruedFen: string | null })[]; services: ({ serviceId: string; name: string; owner: string; ownerName: { kind: "user" | "operator" | "system"; name: string }; replicas: number; running: number; runningAfter: number; floor: number; belowFloor: boolean; losesLast: boolean; instances: ({ serviceInstanceId: string; machineId: string | null; fate: "moves" | "restarts" | "finishes" | "stops"; toMachineId: string | null; noRoom: { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null; inFlight: number | null })[] })[]; otherServices: { services: number; serviceInstances: number; belowFloor: number }; groups: ({ groupId: string; openMachines: number; openMachinesAfter: number })[]; billing: { endsAt: string; accruedFen: string } | null }
  }
  /** Release machines: all of them or, refused, none */
  'POST /v1/machines/release': {
    params: Record<never, never>
    query: Record<never, never>
    body: { machineIds: (string)[]; force?: boolean; reason?: string; previewId?: string }
    returns: { machineIds: (string)[] }
  }
  /** List notices of the account, newest first: expiry, renewal, arrears */
  'GET /v1/notices': {
    params: Record<never, never>
    query: { unread?: "true" | "false"; kind?: "subscription.expires" | "subscription.renewed" | "subscription.renewal_failed" | "subscription.expired" | "subscription.released" | "balance.low" | "arrears.began" | "arrears.stopped" | "arrears.cleared" | "arrears.released"; subjectId?: string; before?: string; limit?: number }
    body: null
    returns: { items: ({ noticeId: string; kind: "subscription.expires" | "subscription.renewed" | "subscription.renewal_failed" | "subscription.expired" | "subscription.released" | "balance.low" | "arrears.began" | "arrears.stopped" | "arrears.cleared" | "arrears.released"; severity: "info" | "warning" | "critical"; subjectKind: string; subjectId: string; createdAt: string; readAt: string | null; data: Record<string, unknown> })[]; unread: number }
  }
  /** Mark notices as read, up to and with one */
  'POST /v1/notices/read': {
    params: Record<never, never>
    query: Record<never, never>
    body: { throughNoticeId: string }
    returns: { read: number }
  }
  /** List what can be bought, with stock and price */
  'GET /v1/offerings': {
    params: Record<never, never>
    query: { regionId?: string; zoneId?: string; chargeType?: "prepaid" | "postpaid"; stopped?: "true" | "false" }
    body: null
    returns: { items: ({ offeringId: string; regionId: string; zoneId: string; specId: string; family: string; chargeType: "prepaid" | "postpaid"; simulated: boolean; onSale: boolean; cpuMilli: number; memoryMib: number; gpuModel: string | null; gpuCount: number; gpuMemoryMib: number; stock: { total: number; allocated: number; available: number }; price: { version: number; effectiveAt: string; monthMicros: Record<string, string>; hourMicros: string | null; diskGibMicros: string } | null })[] }
  }
  /** Stop selling an offering, or take it up again: what is sold goes on */
  'PUT /v1/offerings/on-sale': {
    params: Record<never, never>
    query: Record<never, never>
    body: { zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; onSale: boolean }
    returns: null
  }
  /** List the price versions of an offering, newest first: those that were, the one in force, those to come */
  'GET /v1/offerings/prices': {
    params: Record<never, never>
    query: { zoneId: string; specId: string; chargeType: "prepaid" | "postpaid" }
    body: null
    returns: { items: ({ version: number; effectiveAt: string; monthMicros: Record<string, string>; hourMicros: string | null; diskGibMicros: string; state: "past" | "in_force" | "scheduled"; by: { kind: "user" | "operator" | "system"; name: string } })[] }
  }
  /** Set a price: a new version of it */
  'POST /v1/offerings/prices': {
    params: Record<never, never>
    query: Record<never, never>
    body: { zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; monthMicros?: Record<string, string>; hourMicros?: string | null; diskGibMicros?: string; effectiveAt?: string }
    returns: { version: number; effectiveAt: string; monthMicros: Record<string, string>; hourMicros: string | null; diskGibMicros: string }
  }
  /** Buy machines: a new group, or more for one there is */
  'POST /v1/orders': {
    params: Record<never, never>
    query: Record<never, never>
    body: { quoteId?: string; request?: { regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; quantity: number; months?: 1 | 2 | 3 | 6 | 12 | null; systemDiskGib?: number; groupId?: string | null; groupName?: string | null; autoRenew?: boolean; autoRenewMonths?: 1 | 2 | 3 | 6 | 12 | null; partialOk?: boolean; waitMinutes?: number }; pay?: boolean; clientToken?: string }
    returns: { orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null }
  }
  /** List orders, newest first */
  'GET /v1/orders': {
    params: Record<never, never>
    query: { limit?: number; after?: string; kind?: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase?: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; groupId?: string; parentOrderId?: string }
    body: null
    returns: { items: ({ orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null })[]; nextPageToken: string | null }
  }
  /** Get order */
  'GET /v1/orders/{orderId}': {
    params: { orderId: string }
    query: Record<never, never>
    body: null
    returns: { orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null }
  }
  /** Cancel an order that is not paid, or the wait for stock of one that is */
  'POST /v1/orders/{orderId}/cancel': {
    params: { orderId: string }
    query: Record<never, never>
    body: null
    returns: { orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null }
  }
  /** Explain an order: its price, what each line came to, and where the money went */
  'GET /v1/orders/{orderId}/explain': {
    params: { orderId: string }
    query: Record<never, never>
    body: null
    returns: { subject: { kind: "order" | "machine" | "line" | "transfer"; id: string }; amountFen: string | null; steps: ({ code: "order" | "machine" | "interval" | "minutes" | "price" | "list_price" | "formula" | "rounding" | "line" | "period" | "billed" | "correction" | "transfer" | "more"; at: string | null; ids: Record<string, string>; figures: Record<string, string> })[] }
  }
  /** List the lines of an order: one per machine */
  'GET /v1/orders/{orderId}/lines': {
    params: { orderId: string }
    query: { limit?: number; afterLine?: number }
    body: null
    returns: { items: ({ lineNo: number; machineId: string | null; amountFen: string; phase: "pending" | "delivered" | "refunded"; periodStart: string | null; periodEnd: string | null; quotedDiskGib: number | null; resizedToGib: number | null; refundsOrderId: string | null; refundsLineNo: number | null })[] }
  }
  /** Pay an order from the wallet */
  'POST /v1/orders/{orderId}/pay': {
    params: { orderId: string }
    query: Record<never, never>
    body: null
    returns: { orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null }
  }
  /** Trace an order: every payment, capture and refund, and what happened when */
  'GET /v1/orders/{orderId}/trace': {
    params: { orderId: string }
    query: Record<never, never>
    body: null
    returns: { order: { orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null }; refundOrders: ({ orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null })[]; transfers: ({ transferId: string; kind: string; amountFen: string; from: { ledgerAccountId: string; kind: "wallet_cash" | "wallet_voucher" | "escrow" | "revenue_prepaid" | "revenue_postpaid" | "channel"; orderId: string | null }; to: { ledgerAccountId: string; kind: "wallet_cash" | "wallet_voucher" | "escrow" | "revenue_prepaid" | "revenue_postpaid" | "channel"; orderId: string | null }; at: string })[]; events: ({ at: string; kind: string; actor: string; by: { kind: "user" | "operator" | "system"; name: string }; data: Record<string, unknown> })[] }
  }
  /** Change your password: your other sessions end */
  'PUT /v1/password': {
    params: Record<never, never>
    query: Record<never, never>
    body: { current: string; next: string }
    returns: null
  }
  /** Quote a purchase: the price, frozen for 15 minutes */
  'POST /v1/quotes': {
    params: Record<never, never>
    query: Record<never, never>
    body: { regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; quantity: number; months?: 1 | 2 | 3 | 6 | 12 | null; systemDiskGib?: number; groupId?: string | null; groupName?: string | null; autoRenew?: boolean; autoRenewMonths?: 1 | 2 | 3 | 6 | 12 | null; partialOk?: boolean; waitMinutes?: number }
    returns: { quoteId: string; kind: "purchase" | "scale_out"; unitFen: string; totalFen: string; dayFen: string; formula: string; priceVersion: number; expiresAt: string; available: number; alternatives: ({ kind: "fewer" | "zone" | "region" | "charge_type" | "larger_spec"; regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; months: number | null; quantity: number; available: number; unitFen: string; totalFen: string; dayFen: string; formula: string })[] }
  }
  /** List regions with their zones */
  'GET /v1/regions': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ regionId: string; name: string; engine: string; simulated: boolean; zones: ({ zoneId: string; name: string })[] })[] }
  }
  /** Renew machines: one order for all of them */
  'POST /v1/renewals': {
    params: Record<never, never>
    query: Record<never, never>
    body: { quoteId?: string; request?: { machineIds?: (string)[]; groupId?: string; months: 1 | 2 | 3 | 6 | 12 }; pay?: boolean; clientToken?: string }
    returns: { orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null }
  }
  /** Switch automatic renewal of machines on or off */
  'PUT /v1/renewals/automatic': {
    params: Record<never, never>
    query: Record<never, never>
    body: { machineIds: (string)[]; autoRenew: boolean; months?: 1 | 2 | 3 | 6 | 12 }
    returns: { items: ({ machineId: string; autoRenew: boolean; autoRenewMonths: number; expiresAt: string })[] }
  }
  /** Quote a renewal of machines, or of every prepaid machine of a group */
  'POST /v1/renewals/quotes': {
    params: Record<never, never>
    query: Record<never, never>
    body: { machineIds?: (string)[]; groupId?: string; months: 1 | 2 | 3 | 6 | 12 }
    returns: { quoteId: string; months: number; totalFen: string; expiresAt: string; lines: ({ machineId: string; amountFen: string; quotedExpiresAt: string; startsAt: string; expiresAt: string; restarts: boolean })[] }
  }
  /** Make system disks larger: one order for all of them */
  'POST /v1/resizes': {
    params: Record<never, never>
    query: Record<never, never>
    body: { quoteId?: string; request?: { machineIds: (string)[]; systemDiskGib: number }; pay?: boolean; clientToken?: string }
    returns: { orderId: string; kind: "purchase" | "scale_out" | "renewal" | "alignment" | "resize" | "refund"; phase: "placed" | "paid" | "provisioning" | "fulfilled" | "refunding" | "refunded" | "lapsed" | "cancelled"; chargeType: "prepaid" | "postpaid"; groupId: string | null; parentOrderId: string | null; regionId: string | null; zoneId: string | null; specId: string | null; quantity: number; months: number | null; alignsTo: string | null; systemDiskGib: number | null; autoRenew: boolean; partialOk: boolean; waitMinutes: number; waiting: { machines: number; until: string } | null; totalFen: string; paidCashFen: string; paidVoucherFen: string; capturedFen: string; refundedFen: string; reason: { code: string; message: string } | null; createdAt: string; paidAt: string | null; endedAt: string | null }
  }
  /** Quote larger system disks: the price to the expiry of each machine, frozen for 15 minutes */
  'POST /v1/resizes/quotes': {
    params: Record<never, never>
    query: Record<never, never>
    body: { machineIds: (string)[]; systemDiskGib: number }
    returns: { quoteId: string; chargeType: "prepaid" | "postpaid"; groupId: string | null; systemDiskGib: number; totalFen: string; dayFen: string; expiresAt: string; lines: ({ machineId: string; fromGib: number; toGib: number; amountFen: string; moreHourMicros: string; quotedExpiresAt: string | null; formula: string })[] }
  }
  /** Deploy service */
  'POST /v1/services': {
    params: Record<never, never>
    query: Record<never, never>
    body: { config: Record<string, unknown> }
    returns: { service: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }; warnings: (string)[] }
  }
  /** List services */
  'GET /v1/services': {
    params: Record<never, never>
    query: { limit?: number; after?: string; groupId?: string; name?: string }
    body: null
    returns: { items: ({ serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } })[]; nextPageToken: string | null }
  }
  /** Get service */
  'GET /v1/services/{service}': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Update service: a new version, rolled out; it may name only what changes */
  'PUT /v1/services/{service}': {
    params: { service: string }
    query: Record<never, never>
    body: { config: Record<string, unknown>; replace?: boolean; ifVersion?: number; previewId?: string }
    returns: { service: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }; warnings: (string)[] }
  }
  /** Delete service */
  'DELETE /v1/services/{service}': {
    params: { service: string }
    query: { previewId?: string }
    body: null
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Get the access key that callers of the service send */
  'GET /v1/services/{service}/access-key': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { accessKey: string; endpoint: string }
  }
  /** List access keys of a service, newest first, without the keys themselves */
  'GET /v1/services/{service}/access-keys': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { items: ({ keyId: string; actor: string; createdAt: string; expiresAt: string | null; endedAt: string | null; lastUsedAt: string | null; usable: boolean })[] }
  }
  /** Revoke an access key of a service at once */
  'POST /v1/services/{service}/access-keys/{keyId}/revoke': {
    params: { service: string; keyId: string }
    query: Record<never, never>
    body: null
    returns: null
  }
  /** Rotate the access key of a service: a new one; the present ones end after the overlap */
  'POST /v1/services/{service}/access-keys/rotate': {
    params: { service: string }
    query: Record<never, never>
    body: { overlapSeconds?: number; accessKey?: string }
    returns: { keyId: string; accessKey: string }
  }
  /** Get how a service scales by itself, and what was decided last */
  'GET /v1/services/{service}/autoscaler': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { serviceId: string; name: string; replicas: number; min: number; max: number; scaleStrategies: ({ metricName: "qps" | "concurrency" | "cpu" | "memory" | "gpu"; threshold: number })[]; behavior: { scaleUp: { stabilizationWindowSeconds: number }; scaleDown: { stabilizationWindowSeconds: number }; onZero: { scaleDownGracePeriodSeconds: number; scaleUpActivationReplicas: number } }; floor: number; verdict: { code: "Steady" | "ScaleUp" | "ScaleDown" | "ToZero" | "FromZero" | "Bounds" | "Stabilizing" | "WaitsForRoom" | "RolloutPaused" | "Frozen" | "NoData" | "Asleep"; before: number; replicas: number; advised: number | null; waiting: number; metrics: ({ metric: "qps" | "concurrency" | "cpu" | "memory" | "gpu"; threshold: number; value: number | null; replicas: number | null })[] } | null; decidedAt: string | null }
  }
  /** Let a service scale by itself */
  'PUT /v1/services/{service}/autoscaler': {
    params: { service: string }
    query: Record<never, never>
    body: { min: number; max: number; scaleStrategies: ({ metricName: "qps" | "concurrency" | "cpu" | "memory" | "gpu"; threshold: number })[]; behavior?: { scaleUp?: { stabilizationWindowSeconds?: number }; scaleDown?: { stabilizationWindowSeconds?: number }; onZero?: { scaleDownGracePeriodSeconds?: number; scaleUpActivationReplicas?: number } } }
    returns: { serviceId: string; name: string; replicas: number; min: number; max: number; scaleStrategies: ({ metricName: "qps" | "concurrency" | "cpu" | "memory" | "gpu"; threshold: number })[]; behavior: { scaleUp: { stabilizationWindowSeconds: number }; scaleDown: { stabilizationWindowSeconds: number }; onZero: { scaleDownGracePeriodSeconds: number; scaleUpActivationReplicas: number } }; floor: number; verdict: { code: "Steady" | "ScaleUp" | "ScaleDown" | "ToZero" | "FromZero" | "Bounds" | "Stabilizing" | "WaitsForRoom" | "RolloutPaused" | "Frozen" | "NoData" | "Asleep"; before: number; replicas: number; advised: number | null; waiting: number; metrics: ({ metric: "qps" | "concurrency" | "cpu" | "memory" | "gpu"; threshold: number; value: number | null; replicas: number | null })[] } | null; decidedAt: string | null }
  }
  /** Scale a service by hand from now on: its count stays as it is */
  'DELETE /v1/services/{service}/autoscaler': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Check an update of a service: what it would do, or refused as it would be; nothing is changed */
  'POST /v1/services/{service}/check': {
    params: { service: string }
    query: Record<never, never>
    body: { config: Record<string, unknown>; replace?: boolean }
    returns: { impact: { previewId: string; effect: "none" | "scale" | "version" | "settings"; version: number; replicas: number; replaced: number; started: number; ended: number; maxSurge: number; maxUnavailable: number; fits: number; wanted: number; shortage: { code: string; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null; mayEndFirst: boolean }; warnings: (string)[] }
  }
  /** Get the scheduled scaling of a service, with its next runs */
  'GET /v1/services/{service}/cron-scaler': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { serviceId: string; name: string; replicas: number; scaleJobs: ({ name: string; schedule: string; targetSize: number; timeZone: string; nextRuns: (string)[]; last: { at: string; state: "Succeed" | "Skipped"; message: string } | null })[]; excludeDates: (string)[] }
  }
  /** Scale a service by schedule; where it scales by itself, the count is the least until the next run */
  'PUT /v1/services/{service}/cron-scaler': {
    params: { service: string }
    query: Record<never, never>
    body: { scaleJobs: ({ name: string; schedule: string; targetSize: number; timeZone: string })[]; excludeDates?: (string)[] }
    returns: { serviceId: string; name: string; replicas: number; scaleJobs: ({ name: string; schedule: string; targetSize: number; timeZone: string; nextRuns: (string)[]; last: { at: string; state: "Succeed" | "Skipped"; message: string } | null })[]; excludeDates: (string)[] }
  }
  /** Scale a service by no schedule from now on: its count stays as it is */
  'DELETE /v1/services/{service}/cron-scaler': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Will it fit: an update or a scaling of a service; with neither, what of it waits now */
  'POST /v1/services/{service}/fit': {
    params: { service: string }
    query: Record<never, never>
    body: { config?: Record<string, unknown>; replace?: boolean; replicas?: number; taken?: ({ machineId: string; cpuMilli: number; memoryMib: number; gpuCount: number })[] }
    returns: { groupId: string; verdict: "fits" | "fits_after_moves" | "does_not_fit"; instances: ({ serviceId: string | null; serviceName: string; serviceInstanceId: string | null; replacesId: string | null; cpuMilli: number; memoryMib: number; gpuCount: number; machineId: string | null; reason: { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null })[]; otherInstances: { placed: number; unplaced: number }; moves: ({ serviceInstanceId: string; serviceName: string; fromMachineId: string; toMachineId: string })[]; buy: ({ regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; months: 1 | 2 | 3 | 6 | 12 | null; quantity: number; available: number; unitFen: string; totalFen: string; dayFen: string; formula: string })[] }
  }
  /** List the instances of a service */
  'GET /v1/services/{service}/instances': {
    params: { service: string }
    query: { ended?: "true" | "false" }
    body: null
    returns: { items: ({ serviceInstanceId: string; serviceId: string; version: number; machineId: string | null; status: string; reason: string; cause: { code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null; replaces: string | null; ready: boolean; crashCount: number; restartCount: number; createdAt: string; readyAt: string | null; endedAt: string | null })[] }
  }
  /** End an isolated instance, after the grace of its service */
  'POST /v1/services/{service}/instances/{serviceInstanceId}/end': {
    params: { service: string; serviceInstanceId: string }
    query: Record<never, never>
    body: null
    returns: { serviceInstanceId: string }
  }
  /** Let an instance end before its replacement, which finds no room, is there */
  'POST /v1/services/{service}/instances/{serviceInstanceId}/go-first': {
    params: { service: string; serviceInstanceId: string }
    query: Record<never, never>
    body: { reason: string; lastToo?: boolean }
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Preview letting an instance end first: what serves meanwhile and for how long; nothing is done */
  'POST /v1/services/{service}/instances/{serviceInstanceId}/go-first/preview': {
    params: { service: string; serviceInstanceId: string }
    query: Record<never, never>
    body: null
    returns: { serviceInstanceId: string; machineId: string | null; replacementId: string; running: number; runningAfter: number; losesLast: boolean; regainsRoom: boolean; inFlight: number | null; ends: { medianMs: number; longestMs: number; samples: number } | null; starts: { medianMs: number; longestMs: number; samples: number } | null; expectedGapMs: number | null }
  }
  /** Isolate one instance for good: out of the routes once its replacement serves, and left running to be looked at */
  'POST /v1/services/{service}/instances/{serviceInstanceId}/isolate': {
    params: { service: string; serviceInstanceId: string }
    query: Record<never, never>
    body: null
    returns: { serviceInstanceId: string }
  }
  /** Restart one instance: its replacement first, or its process alone where it is */
  'POST /v1/services/{service}/instances/{serviceInstanceId}/restart': {
    params: { service: string; serviceInstanceId: string }
    query: Record<never, never>
    body: { mode?: "replace" | "process"; acceptGap?: boolean; previewId?: string }
    returns: { serviceInstanceId: string }
  }
  /** Preview restarting the process of one instance: what serves meanwhile and for how long; nothing is done */
  'POST /v1/services/{service}/instances/{serviceInstanceId}/restart/preview': {
    params: { service: string; serviceInstanceId: string }
    query: Record<never, never>
    body: { acceptGap?: boolean }
    returns: { serviceId: string; name: string; owner: string; ownerName: { kind: "user" | "operator" | "system"; name: string }; replicas: number; running: number; runningAfter: number; floor: number; belowFloor: boolean; losesLast: boolean; instances: ({ serviceInstanceId: string; machineId: string | null; fate: "moves" | "restarts" | "finishes" | "stops"; toMachineId: string | null; noRoom: { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null; inFlight: number | null })[]; previewId: string; needsAcceptGap: boolean; waits: boolean; ends: { medianMs: number; longestMs: number; samples: number } | null; starts: { medianMs: number; longestMs: number; samples: number } | null; expectedGapMs: number | null }
  }
  /** Read the log of an instance; kept after its end */
  'GET /v1/services/{service}/logs': {
    params: { service: string }
    query: { serviceInstanceId?: string; previous?: "true" | "false"; restartCount?: number; offset?: number; limit?: number; keyword?: string }
    body: null
    returns: { serviceInstanceId: string; restartCount: number; lines: (string)[]; offset: number; nextOffset: number }
  }
  /** Follow the log of an instance, line by line, until its process ends */
  'GET /v1/services/{service}/logs/follow': {
    params: { service: string }
    query: { serviceInstanceId?: string }
    body: null
    returns: 'stream'
  }
  /** What was measured of a service: traffic, latency, and what each instance used */
  'GET /v1/services/{service}/metrics': {
    params: { service: string }
    query: { span?: "hour" | "day" }
    body: null
    returns: { stepSeconds: number; from: string; to: string; qps: (number | null)[]; failed: (number | null)[]; inFlight: (number | null)[]; waiting: (number | null)[]; latencyMs: { p50: (number | null)[]; p95: (number | null)[]; p99: (number | null)[] }; instances: ({ serviceInstanceId: string; cpuMilli: (number | null)[]; memoryMib: (number | null)[]; gpuPercent: (number | null)[] })[]; otherInstances: number }
  }
  /** Copy a share of the requests of a service to others; 0 percent ends it */
  'PUT /v1/services/{service}/mirror': {
    params: { service: string }
    query: Record<never, never>
    body: { percent: number; targets?: (string)[] }
    returns: { trafficGroup: { trafficGroupId: string; name: string; workspaceId: string; regionId: string; mode: "auto" | "weighted"; endpoint: string; members: ({ serviceId: string; name: string; weight: number; running: number; sharePercent: number; endpoint: string })[]; canSwitchBack: boolean; gateways: { live: number; acknowledged: number }; createdAt: string; updatedAt: string } | null; mirror: { percent: number; targets: ({ serviceId: string; name: string })[] } | null; limits: { rateLimit: number; perInstance: number; queueMax: number; maxInFlight: number } }
  }
  /** Preview stopping, deleting or scaling a service: what it would do; nothing is done */
  'POST /v1/services/{service}/preview': {
    params: { service: string }
    query: Record<never, never>
    body: { action: "stop" | "delete" | "scale"; replicas?: number }
    returns: { serviceId: string; name: string; owner: string; ownerName: { kind: "user" | "operator" | "system"; name: string }; replicas: number; running: number; runningAfter: number; floor: number; belowFloor: boolean; losesLast: boolean; instances: ({ serviceInstanceId: string; machineId: string | null; fate: "moves" | "restarts" | "finishes" | "stops"; toMachineId: string | null; noRoom: { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null; inFlight: number | null })[]; previewId: string; traffic: { trafficGroup: string; sharePercent: number; sharePercentAfter: number; endsGroup: boolean } | null }
  }
  /** Restart every instance of the service, replacement first */
  'POST /v1/services/{service}/restart': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Abort a rollout: an update goes back to the version before it, a restart leaves the rest as it is */
  'POST /v1/services/{service}/rollout/abort': {
    params: { service: string }
    query: { previewId?: string }
    body: null
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Preview aborting a rollout: what it would do, or refused as it would be; nothing is changed */
  'POST /v1/services/{service}/rollout/abort/preview': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { impact: { previewId: string; effect: "none" | "scale" | "version" | "settings"; version: number; replicas: number; replaced: number; started: number; ended: number; maxSurge: number; maxUnavailable: number; fits: number; wanted: number; shortage: { code: string; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null; mayEndFirst: boolean } }
  }
  /** Pause a rollout: what has not taken over yet is withdrawn, and nothing more is replaced */
  'POST /v1/services/{service}/rollout/pause': {
    params: { service: string }
    query: Record<never, never>
    body: { reason?: string }
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Resume a rollout that is paused; what failed before counts no more */
  'POST /v1/services/{service}/rollout/resume': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Scale service */
  'POST /v1/services/{service}/scale': {
    params: { service: string }
    query: Record<never, never>
    body: { replicas: number; previewId?: string }
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Start service */
  'POST /v1/services/{service}/start': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Stop service: requests in flight finish first */
  'POST /v1/services/{service}/stop': {
    params: { service: string }
    query: { previewId?: string }
    body: null
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Get the traffic of a service: its group, its mirror, its limits */
  'GET /v1/services/{service}/traffic': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { trafficGroup: { trafficGroupId: string; name: string; workspaceId: string; regionId: string; mode: "auto" | "weighted"; endpoint: string; members: ({ serviceId: string; name: string; weight: number; running: number; sharePercent: number; endpoint: string })[]; canSwitchBack: boolean; gateways: { live: number; acknowledged: number }; createdAt: string; updatedAt: string } | null; mirror: { percent: number; targets: ({ serviceId: string; name: string })[] } | null; limits: { rateLimit: number; perInstance: number; queueMax: number; maxInFlight: number } }
  }
  /** Put a service into a traffic group, which is made if there is none of this name */
  'PUT /v1/services/{service}/traffic-group': {
    params: { service: string }
    query: Record<never, never>
    body: { name: string }
    returns: { trafficGroup: { trafficGroupId: string; name: string; workspaceId: string; regionId: string; mode: "auto" | "weighted"; endpoint: string; members: ({ serviceId: string; name: string; weight: number; running: number; sharePercent: number; endpoint: string })[]; canSwitchBack: boolean; gateways: { live: number; acknowledged: number }; createdAt: string; updatedAt: string } | null; mirror: { percent: number; targets: ({ serviceId: string; name: string })[] } | null; limits: { rateLimit: number; perInstance: number; queueMax: number; maxInFlight: number } }
  }
  /** Take a service out of its traffic group; what it got there goes to the others */
  'DELETE /v1/services/{service}/traffic-group': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { trafficGroup: { trafficGroupId: string; name: string; workspaceId: string; regionId: string; mode: "auto" | "weighted"; endpoint: string; members: ({ serviceId: string; name: string; weight: number; running: number; sharePercent: number; endpoint: string })[]; canSwitchBack: boolean; gateways: { live: number; acknowledged: number }; createdAt: string; updatedAt: string } | null; mirror: { percent: number; targets: ({ serviceId: string; name: string })[] } | null; limits: { rateLimit: number; perInstance: number; queueMax: number; maxInFlight: number } }
  }
  /** Send one request to a service through the gateway, with its access key, and get what it answers */
  'POST /v1/services/{service}/try': {
    params: { service: string }
    query: Record<never, never>
    body: { method?: "GET" | "POST" | "PUT" | "DELETE"; path?: string; contentType?: string; headers?: Record<string, string>; bodyBase64?: string }
    returns: { status: number; headers: Record<string, string>; bodyBase64: string; cut: boolean; ms: number }
  }
  /** List versions of a service, newest first */
  'GET /v1/services/{service}/versions': {
    params: { service: string }
    query: Record<never, never>
    body: null
    returns: { items: ({ version: number; actor: string; by: { kind: "user" | "operator" | "system"; name: string }; createdAt: string; config: Record<string, unknown> })[] }
  }
  /** Check the use of a version: what it would do; nothing is changed */
  'POST /v1/services/{service}/versions/{version}/check': {
    params: { service: string; version: number }
    query: Record<never, never>
    body: null
    returns: { impact: { previewId: string; effect: "none" | "scale" | "version" | "settings"; version: number; replicas: number; replaced: number; started: number; ended: number; maxSurge: number; maxUnavailable: number; fits: number; wanted: number; shortage: { code: string; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null; mayEndFirst: boolean } }
  }
  /** Roll a service back, or forth, to one of its versions */
  'POST /v1/services/{service}/versions/{version}/use': {
    params: { service: string; version: number }
    query: { previewId?: string }
    body: null
    returns: { serviceId: string; name: string; groupId: string; regionId: string; workspaceId: string; status: string; reason: string; causes: ({ code: "Counts"; running: number; wanted: number } | { code: "Ending"; count: number } | { code: "StoppedOnRequest" | "ScaledToZero" | "ScaledToZeroWakes" | "HealthCheckFails" | "Paused" | "Frozen" } | { code: "NotReadyInTime"; seconds: number } | { code: "CrashLoop"; count: number; last: { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null } | null } | { code: "Leaving"; because: string } | { code: "DiskPressure"; of: "machine" | "host"; usedBytes: number; freeBytes: number; diskBytes: number; atOnce: boolean } | { code: "Fetching"; url: string; receivedBytes: number; totalBytes: number | null; failures: number; problem: string | null } | { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | { code: "Ended"; reason: string | null; exitCode: number | null; signal: string | null; message: string | null })[]; rollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; startedAt: string; phase: "progressing" | "failing" | "paused" | "aborting"; pause: { because: "failing" | "asked"; at: string; by: string | null; reason: string | null; failure: { code: "Crashing" | "NotReady"; count: number | null; deadlineSeconds: number | null; serviceInstanceId: string | null } | null } | null; done: number; total: number } | null; lastRollout: { kind: "create" | "update" | "scale" | "start" | "restart" | "abort"; fromVersion: number | null; version: number; phase: "done" | "aborted"; startedAt: string; endedAt: string } | null; replicas: number; running: number; pending: number; autoscaler: { min: number; max: number } | null; version: number; cpuMilli: number; memoryMib: number; gpuCount: number; endpoint: string; config: Record<string, unknown>; createdAt: string; updatedAt: string; refusals: { update: { code: string; message: string } | null; scale: { code: string; message: string } | null; restart: { code: string; message: string } | null; stop: { code: string; message: string } | null; start: { code: string; message: string } | null; delete: { code: string; message: string } | null; pause: { code: string; message: string } | null; resume: { code: string; message: string } | null; abort: { code: string; message: string } | null; invoke: { code: string; message: string } | null } }
  }
  /** Check the JSON of a service: refused as deploying it would be; nothing is made */
  'POST /v1/services/check': {
    params: Record<never, never>
    query: Record<never, never>
    body: { config: Record<string, unknown> }
    returns: { warnings: (string)[] }
  }
  /** Will it fit: where a service would be placed, after which moves, or what helps and what to buy */
  'POST /v1/services/fit': {
    params: Record<never, never>
    query: Record<never, never>
    body: { config: Record<string, unknown>; taken?: ({ machineId: string; cpuMilli: number; memoryMib: number; gpuCount: number })[] }
    returns: { groupId: string; verdict: "fits" | "fits_after_moves" | "does_not_fit"; instances: ({ serviceId: string | null; serviceName: string; serviceInstanceId: string | null; replacesId: string | null; cpuMilli: number; memoryMib: number; gpuCount: number; machineId: string | null; reason: { code: "NoMachine" | "NoOpenMachine" | "NoRoom"; message: string; missing: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } | null; nearestMachineId: string | null; helps: ({ change: "shrink"; machineId: string; to: { cpuMilli: number; memoryMib: number; gpuCount: number; gpuMemoryMib: number } } | { change: "uncordon"; machineId: string; cordonedBy: (string)[] })[]; machines: { total: number; open: number; held: number; lost: number; notRunning: number } } | null })[]; otherInstances: { placed: number; unplaced: number }; moves: ({ serviceInstanceId: string; serviceName: string; fromMachineId: string; toMachineId: string })[]; buy: ({ regionId: string; zoneId: string; specId: string; chargeType: "prepaid" | "postpaid"; months: 1 | 2 | 3 | 6 | 12 | null; quantity: number; available: number; unitFen: string; totalFen: string; dayFen: string; formula: string })[] }
  }
  /** Say who is signed in, with what a write by cookie must send */
  'GET /v1/session': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { accountId: string; accountName: string; userId: string; userName: string; role: "owner" | "finance" | "developer" | "viewer" | "operator"; sessionId: string | null; may: ("catalog.read" | "order.read" | "order.write" | "wallet.read" | "wallet.topUp" | "bill.read" | "notice.read" | "notice.write" | "event.read" | "fleet.read" | "fleet.operate" | "group.write" | "service.read" | "service.write" | "service.invoke" | "self.manage" | "user.read" | "audit.read" | "user.write" | "platform.operate")[]; csrf: string | null }
  }
  /** List your open sessions, newest first */
  'GET /v1/sessions': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ sessionId: string; current: boolean; method: "password" | "oidc"; createdAt: string; lastSeenAt: string; expiresAt: string; address: string; userAgent: string })[] }
  }
  /** Revoke one of your sessions at once */
  'POST /v1/sessions/{sessionId}/revoke': {
    params: { sessionId: string }
    query: Record<never, never>
    body: null
    returns: null
  }
  /** Revoke every session of yours but the one that asks */
  'POST /v1/sessions/revoke-others': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { revoked: number }
  }
  /** List rows that fail again and again: each waits longer from time to time, and others go on */
  'GET /v1/set-aside': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ kind: "order" | "machine" | "resize" | "service" | "drain_plan" | "subscription" | "move_off" | "account" | "cron" | "traffic"; id: string; attempts: number; error: string; since: string; lastAt: string; dueAt: string })[] }
  }
  /** Say how one can sign in here */
  'GET /v1/sign-in': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { password: boolean; oidc: boolean }
  }
  /** Sign in with a password: the answer sets the cookie of a new session */
  'POST /v1/sign-in': {
    params: Record<never, never>
    query: Record<never, never>
    body: { account: string; user: string; password: string }
    returns: { accountId: string; accountName: string; userId: string; userName: string; role: "owner" | "finance" | "developer" | "viewer" | "operator"; sessionId: string | null; may: ("catalog.read" | "order.read" | "order.write" | "wallet.read" | "wallet.topUp" | "bill.read" | "notice.read" | "notice.write" | "event.read" | "fleet.read" | "fleet.operate" | "group.write" | "service.read" | "service.write" | "service.invoke" | "self.manage" | "user.read" | "audit.read" | "user.write" | "platform.operate")[]; csrf: string | null }
  }
  /** Sign out: the session that asks ends */
  'POST /v1/sign-out': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: null
  }
  /** List the statements, newest month first: drafts, then final ones */
  'GET /v1/statements': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ month: string; phase: "draft" | "final"; finalisedAt: string | null; totals: { prepaidFen: string; postpaidFen: string; correctionsFen: string; totalFen: string } })[] }
  }
  /** Get the statement of a month: by group, machine, item and day */
  'GET /v1/statements/{month}': {
    params: { month: string }
    query: Record<never, never>
    body: null
    returns: { month: string; phase: "draft" | "final"; finalisedAt: string | null; totals: { prepaidFen: string; postpaidFen: string; correctionsFen: string; totalFen: string }; accountId: string; currency: string; billingZone: string; waitsFor: { code: "MonthNotOver" | "DaysNotClosed" | "OrderNotSettled" | "NotSealed" | "NotMadeYet"; message: string } | null; consumedFen: string; groups: ({ groupId: string; name: string; totalFen: string; consumedFen: string; machines: ({ machineId: string; specId: string; chargeType: "prepaid" | "postpaid"; totalFen: string; consumedFen: string; items: ({ kind: "prepaid" | "postpaid" | "correction"; item: string; lines: number; minutes: number; amountFen: string })[] })[] })[]; days: ({ day: string; prepaidFen: string; postpaidFen: string; correctionsFen: string; consumedFen: string })[] }
  }
  /** List the lines of a statement, or download them as CSV */
  'GET /v1/statements/{month}/lines': {
    params: { month: string }
    query: { limit?: number; after?: string; machineId?: string; kind?: "prepaid" | "postpaid" | "correction"; item?: "period" | "machine" | "disk"; day?: string; format?: "json" | "csv" }
    body: null
    returns: { items: ({ lineId: string; billingDay: string; kind: "prepaid" | "postpaid" | "correction"; item: "period" | "machine" | "disk"; machineId: string | null; orderId: string | null; minutes: number | null; amountFen: string; late: boolean })[]; nextPageToken: string | null }
  }
  /** Set how many machines of a spec a zone has */
  'PUT /v1/stock': {
    params: Record<never, never>
    query: Record<never, never>
    body: { zoneId: string; specId: string; total: number }
    returns: null
  }
  /** List traffic groups */
  'GET /v1/traffic-groups': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ trafficGroupId: string; name: string; workspaceId: string; regionId: string; mode: "auto" | "weighted"; endpoint: string; members: ({ serviceId: string; name: string; weight: number; running: number; sharePercent: number; endpoint: string })[]; canSwitchBack: boolean; gateways: { live: number; acknowledged: number }; createdAt: string; updatedAt: string })[] }
  }
  /** Get traffic group */
  'GET /v1/traffic-groups/{trafficGroup}': {
    params: { trafficGroup: string }
    query: Record<never, never>
    body: null
    returns: { trafficGroupId: string; name: string; workspaceId: string; regionId: string; mode: "auto" | "weighted"; endpoint: string; members: ({ serviceId: string; name: string; weight: number; running: number; sharePercent: number; endpoint: string })[]; canSwitchBack: boolean; gateways: { live: number; acknowledged: number }; createdAt: string; updatedAt: string }
  }
  /** Get the access key that callers of a traffic group send */
  'GET /v1/traffic-groups/{trafficGroup}/access-key': {
    params: { trafficGroup: string }
    query: Record<never, never>
    body: null
    returns: { accessKey: string; endpoint: string }
  }
  /** List access keys of a traffic group, newest first, without the keys themselves */
  'GET /v1/traffic-groups/{trafficGroup}/access-keys': {
    params: { trafficGroup: string }
    query: Record<never, never>
    body: null
    returns: { items: ({ keyId: string; actor: string; createdAt: string; expiresAt: string | null; endedAt: string | null; lastUsedAt: string | null; usable: boolean })[] }
  }
  /** Revoke an access key of a traffic group at once */
  'POST /v1/traffic-groups/{trafficGroup}/access-keys/{keyId}/revoke': {
    params: { trafficGroup: string; keyId: string }
    query: Record<never, never>
    body: null
    returns: null
  }
  /** Rotate the access key of a traffic group: a new one; the present ones end after the overlap */
  'POST /v1/traffic-groups/{trafficGroup}/access-keys/rotate': {
    params: { trafficGroup: string }
    query: Record<never, never>
    body: { overlapSeconds?: number; accessKey?: string }
    returns: { keyId: string; accessKey: string }
  }
  /** Change the split of a traffic group: weights, or a switch of everything to one member */
  'PUT /v1/traffic-groups/{trafficGroup}/split': {
    params: { trafficGroup: string }
    query: Record<never, never>
    body: { mode?: "auto" | "weighted"; weights?: Record<string, number>; switchTo?: string }
    returns: { trafficGroupId: string; name: string; workspaceId: string; regionId: string; mode: "auto" | "weighted"; endpoint: string; members: ({ serviceId: string; name: string; weight: number; running: number; sharePercent: number; endpoint: string })[]; canSwitchBack: boolean; gateways: { live: number; acknowledged: number }; createdAt: string; updatedAt: string }
  }
  /** Preview a change of the split of a traffic group: what it would do; nothing is changed */
  'POST /v1/traffic-groups/{trafficGroup}/split/preview': {
    params: { trafficGroup: string }
    query: Record<never, never>
    body: { mode?: "auto" | "weighted"; weights?: Record<string, number>; switchTo?: string }
    returns: { mode: "auto" | "weighted"; changed: boolean; unserved: boolean; members: ({ serviceId: string; name: string; weight: number; running: number; sharePercent: number; weightAfter: number; sharePercentAfter: number })[] }
  }
  /** Restore the weights that a traffic group had before the last change */
  'POST /v1/traffic-groups/{trafficGroup}/switch-back': {
    params: { trafficGroup: string }
    query: Record<never, never>
    body: null
    returns: { trafficGroupId: string; name: string; workspaceId: string; regionId: string; mode: "auto" | "weighted"; endpoint: string; members: ({ serviceId: string; name: string; weight: number; running: number; sharePercent: number; endpoint: string })[]; canSwitchBack: boolean; gateways: { live: number; acknowledged: number }; createdAt: string; updatedAt: string }
  }
  /** Explain a transfer or a line of a bill, from the order to the ledger */
  'GET /v1/transfers/{transferId}/explain': {
    params: { transferId: string }
    query: Record<never, never>
    body: null
    returns: { subject: { kind: "order" | "machine" | "line" | "transfer"; id: string }; amountFen: string | null; steps: ({ code: "order" | "machine" | "interval" | "minutes" | "price" | "list_price" | "formula" | "rounding" | "line" | "period" | "billed" | "correction" | "transfer" | "more"; at: string | null; ids: Record<string, string>; figures: Record<string, string> })[] }
  }
  /** List users of the account */
  'GET /v1/users': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ userId: string; name: string; role: "owner" | "finance" | "developer" | "viewer" | "operator"; email: string | null; disabledAt: string | null; createdAt: string; refusals: { changeRole: { code: string; message: string } | null; disable: { code: string; message: string } | null } })[] }
  }
  /** Create user */
  'POST /v1/users': {
    params: Record<never, never>
    query: Record<never, never>
    body: { name: string; role: "owner" | "finance" | "developer" | "viewer"; email?: string; withPassword?: boolean }
    returns: { userId: string; name: string; role: "owner" | "finance" | "developer" | "viewer" | "operator"; email: string | null; disabledAt: string | null; createdAt: string; password: string | null }
  }
  /** Change role or e-mail of a user */
  'PATCH /v1/users/{userId}': {
    params: { userId: string }
    query: Record<never, never>
    body: { role?: "owner" | "finance" | "developer" | "viewer"; email?: string | null }
    returns: { userId: string; name: string; role: "owner" | "finance" | "developer" | "viewer" | "operator"; email: string | null; disabledAt: string | null; createdAt: string }
  }
  /** Disable user: sessions end and access keys are refused at once; what they did stays */
  'POST /v1/users/{userId}/disable': {
    params: { userId: string }
    query: Record<never, never>
    body: null
    returns: { userId: string; name: string; role: "owner" | "finance" | "developer" | "viewer" | "operator"; email: string | null; disabledAt: string | null; createdAt: string }
  }
  /** Enable user: access keys are good again as far as they have not ended */
  'POST /v1/users/{userId}/enable': {
    params: { userId: string }
    query: Record<never, never>
    body: null
    returns: { userId: string; name: string; role: "owner" | "finance" | "developer" | "viewer" | "operator"; email: string | null; disabledAt: string | null; createdAt: string }
  }
  /** Reset the password of a user to a random one: their sessions end */
  'POST /v1/users/{userId}/reset-password': {
    params: { userId: string }
    query: Record<never, never>
    body: null
    returns: { userId: string; password: string }
  }
  /** Get the wallet */
  'GET /v1/wallet': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { accountId: string; currency: string; cashFen: string; voucherFen: string; accruedFen: string; availableFen: string; burnPerDayFen: string; runwaySeconds: number | null; lastsUntil: string | null; isLow: boolean; arrears: { arrearsId: string; since: string; owedFen: string; stopsAt: string; stoppedAt: string | null; keptUntil: string | null; releasedAt: string | null; stoppedMachines: number } | null }
  }
  /** List what moved in the wallet, newest first */
  'GET /v1/wallet/transfers': {
    params: Record<never, never>
    query: { limit?: number; after?: string }
    body: null
    returns: { items: ({ transferId: string; kind: string; wallet: "cash" | "voucher"; signedFen: string; orderId: string | null; machineId: string | null; at: string; memo: string })[]; nextPageToken: string | null }
  }
  /** Say who the access key belongs to */
  'GET /v1/whoami': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { accountId: string; userId: string; userName: string; role: "owner" | "finance" | "developer" | "viewer" | "operator"; accessKeyId: string | null }
  }
  /** List workspaces: an owner sees all, others those they are members of */
  'GET /v1/workspaces': {
    params: Record<never, never>
    query: Record<never, never>
    body: null
    returns: { items: ({ workspaceId: string; name: string; createdAt: string })[] }
  }
  /** Create workspace */
  'POST /v1/workspaces': {
    params: Record<never, never>
    query: Record<never, never>
    body: { name: string }
    returns: { workspaceId: string; name: string; createdAt: string }
  }
  /** Rename workspace */
  'PATCH /v1/workspaces/{workspaceId}': {
    params: { workspaceId: string }
    query: Record<never, never>
    body: { name: string }
    returns: { workspaceId: string; name: string; createdAt: string }
  }
  /** List members of a workspace; owners and finance, who see all, are not listed */
  'GET /v1/workspaces/{workspaceId}/members': {
    params: { workspaceId: string }
    query: Record<never, never>
    body: null
    returns: { items: ({ userId: string; userName: string; role: "developer" | "viewer"; addedAt: string })[] }
  }
  /** Add member to a workspace, or change the role there */
  'PUT /v1/workspaces/{workspaceId}/members/{userId}': {
    params: { workspaceId: string; userId: string }
    query: Record<never, never>
    body: { role: "developer" | "viewer" }
    returns: { userId: string; userName: string; role: "developer" | "viewer"; addedAt: string }
  }
  /** Remove member from a workspace */
  'DELETE /v1/workspaces/{workspaceId}/members/{userId}': {
    params: { workspaceId: string; userId: string }
    query: Record<never, never>
    body: null
    returns: null
  }
}
