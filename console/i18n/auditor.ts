// What the auditor checks. Only its page loads these.
export const auditor = {
  'auditor.intro': [
    '审计器在运行中不断核对下列不变式。涉及资金的一项不成立时，自动出账和扣费立即暂停，成立后自动恢复。',
    'The auditor keeps checking what must always hold. While one of money does not, nothing is billed or charged by itself; it goes on by itself once it holds again.',
  ],
  'auditor.runs': ['出账正常', 'Billing runs'],
  'auditor.parked': ['自 {since} 起暂停出账', 'Billing is parked since {since}'],
  'auditor.parkedHint': [
    '下列资金不变式不成立。请保存异常内容，用 berth verify 核对全部账目并改正原因，之后自动恢复出账。支付、充值和释放不受影响。',
    'An invariant of money below does not hold. Keep what was found, check all books with berth verify, and mend the cause: billing goes on by itself then. Payments, top-ups and releases go on meanwhile.',
  ],
  'auditor.foundElse': [
    '发现 {count} 处异常，不涉及资金，出账照常。',
    '{count|finding|findings}, none affects money: billing runs.',
  ],
  'auditor.check': ['不变式', 'Invariant'],
  'auditor.money': ['涉及资金', 'Affects money'],
  'auditor.checkedAt': ['最近检查', 'Last check'],
  'auditor.roundEndedAt': ['最近全部查完', 'Last full check'],
  'auditor.result': ['结果', 'Result'],
  'auditor.holds': ['成立', 'Holds'],
  'auditor.notYet': ['还没有查完', 'Not fully checked yet'],
  'auditor.found': ['{count} 处异常', '{count|finding|findings}'],
  'auditor.since': ['自 {at}', 'since {at}'],
  'auditor.record': ['检查的原始记录（英文）：', 'As the check wrote it down:'],
  'auditor.recordOfMoney': [
    '检查的原始记录（英文），金额单位为分：',
    'As the check wrote it down, with amounts in fen (hundredths of the currency):',
  ],
  'auditor.empty': ['还没有检查项', 'Nothing is checked'],
  'invariant.I1 a transfer has two books of one currency': [
    '每笔记账有两个账户，币种相同',
    'A transfer has two books of one currency',
  ],
  'invariant.I2 the ledger sums to zero per currency': ['账本按币种合计为零', 'The ledger sums to zero per currency'],
  'invariant.I3 a stored balance is the sum of its transfers': [
    '存储的余额等于记账之和',
    'A stored balance is the sum of its transfers',
  ],
  'invariant.I4 a transfer is sealed or waits for it': [
    '每笔记账已封账或等待封账',
    'A transfer is sealed or waits for it',
  ],
  'invariant.I4 the chain is gap-free and intact': ['封账链连续且完整', 'The chain of seals is gap-free and intact'],
  'invariant.I5 a larger disk is charged exactly when it was made': [
    '扩大的系统盘在完成时才计费，且只计一次',
    'A larger disk is charged exactly when it was made',
  ],
  'invariant.I5 an early release pays what its lines say, to who paid': [
    '提前释放的退款与明细一致，退给付款人',
    'An early release pays what its lines say, to who paid',
  ],
  'invariant.I5 an order ends as its lines did, with nothing in escrow': [
    '订单的结果与订单行一致，没有残留的待履约款',
    'An order ends as its lines did, with nothing in escrow',
  ],
  'invariant.I5 an order says what its transfers and lines say': [
    '订单金额与记账、订单行一致',
    'An order says what its transfers and lines say',
  ],
  'invariant.I5 an order waits for machines that were not made, and not once it has ended': [
    '订单只等待未交付的机器，结束后不再等待',
    'An order waits for machines that were not made, and not once it has ended',
  ],
  'invariant.I5 a line is charged exactly when its machine was delivered': [
    '订单行只在机器交付时确认收入',
    'A line is charged exactly when its machine was delivered',
  ],
  'invariant.I5 every refund has its order': ['每笔退款都有订单', 'Every refund has its order'],
  'invariant.I6 a disk is what it was made with and has grown to since': [
    '系统盘大小等于创建时加上之后的扩大',
    'A disk is what it was made with and has grown to since',
  ],
  'invariant.I6 stock allocated is the machines that hold it': [
    '已分配库存等于占用它的机器',
    'Stock allocated is the machines that hold it',
  ],
  'invariant.I6 the paid periods of a machine do not overlap': [
    '一台机器的已付周期不重叠',
    'The paid periods of a machine do not overlap',
  ],
  'invariant.I7 a machine is paid until the end of its last period': [
    '机器付费至最后一个周期结束',
    'A machine is paid until the end of its last period',
  ],
  'invariant.I7 prepaid revenue is the paid periods': [
    '包年包月收入等于已付周期',
    'Subscription revenue is the paid periods',
  ],
  'invariant.I7 the statements of an account are what the ledger says': [
    '月账单与账本一致',
    'The statements of an account are what the ledger says',
  ],
  'invariant.I8 a bill line is of a postpaid machine that was delivered': [
    '账单行只属于已交付的按量机器',
    'A bill line is of a pay-as-you-go machine that was delivered',
  ],
  'invariant.I8 usage billed is usage taken': ['出账的用量都已扣款', 'Usage billed is usage taken'],
  'invariant.I8 usage taken is usage billed': ['扣款的用量都已出账', 'Usage taken is usage billed'],
  'invariant.I10 an aligned machine pays the time from its expiry to the common one': [
    '统一到期按原到期时间到统一到期时间的月数和秒数计费',
    'An aligned machine pays the time from its expiry to the common one',
  ],
  'invariant.I10 a larger disk costs the unused time of what is paid': [
    '扩大系统盘按已付周期的剩余时间计价',
    'A larger disk costs the unused time of what is paid',
  ],
  'invariant.I11 a prepaid machine is not released before its expiry': [
    '包年包月机器到期前不释放',
    'A subscription machine is not released before its expiry',
  ],
  'invariant.I12 an expiry only moves forward': ['到期时间只会延后', 'An expiry only moves forward'],
  'invariant.I13 a refund goes back the way it was paid': ['退款原路退回', 'A refund goes back the way it was paid'],
  'invariant.I13 an early release gives back the unused part of what was paid': [
    '提前释放退回未使用部分',
    'An early release gives back the unused part of what was paid',
  ],
  'invariant.I16 a card is given to one service instance': [
    '一张 GPU 卡只分给一个服务实例',
    'A card is given to one service instance',
  ],
  'invariant.I16 a reservation belongs to one live service instance on that machine, and each has one': [
    '资源占用与机器上的服务实例一一对应',
    'A reservation belongs to one live service instance on that machine, and each has one',
  ],
  'invariant.I16 a service instance runs on a machine of its own group and account': [
    '服务实例只在自己账号和资源组的机器上运行',
    'A service instance runs on a machine of its own group and account',
  ],
  'invariant.I16 reservations of a machine stay within its capacity': [
    '资源占用不超过机器容量',
    'Reservations of a machine stay within its capacity',
  ],
  'invariant.I16 what was asked of a driver stands in the outbox, and is settled once the service instance has ended': [
    '对外动作都记在发件箱，服务实例结束后都已了结',
    'What was asked of a driver stands in the outbox, and is settled once the service instance has ended',
  ],
  'invariant.I16 of each process before the present one of a service instance all effects are settled': [
    '服务实例此前各进程的对外动作都已了结',
    'Of each process before the present one of a service instance all effects are settled',
  ],
  'invariant.I17 nothing was placed on a machine while it was held': [
    '停止调度期间没有新的调度',
    'Nothing was placed on a machine while it was held',
  ],
  'invariant.I18 a drained machine had nothing left when it was called drained': [
    '机器清空时没有剩余的服务实例',
    'A drained machine had nothing left when it was called drained',
  ],
  'invariant.I18 a service instance that has ended left the routes first': [
    '服务实例结束前已先退出路由',
    'A service instance that has ended left the routes first',
  ],
  'invariant.I20 a row refers to rows of its own account': [
    '数据只引用本账号的数据',
    'A row refers to rows of its own account',
  ],
  'invariant.I20 a transfer stays within one account and the platform': [
    '记账只发生在一个账号与平台之间',
    'A transfer stays within one account and the platform',
  ],
  'invariant.I8 a bill is what the event log comes to': [
    '账单等于按事件日志重算的结果',
    'A bill is what the event log comes to',
  ],
  'invariant.I8 a running interval is one of the event log': [
    '运行时段与事件日志一致',
    'A running interval is one of the event log',
  ],
  'invariant.I9 the closed billing days follow each other without a gap': [
    '已出账的计费日连续无缺口',
    'The closed billing days follow each other without a gap',
  ],
  'invariant.I10 a prepaid line costs what the price list said': [
    '包年包月订单行按当时的价目计价',
    'A subscription line costs what the price list said',
  ],
  'invariant.I10 a price version is one of the event log': [
    '价格版本与事件日志一致',
    'A price version is one of the event log',
  ],
  'invariant.I14 no postpaid machine runs, or is billed, while its account is in arrears past its grace': [
    '欠费超过宽限期的账号没有运行或计费的按量机器',
    'No pay-as-you-go machine runs, or is billed, while its account is in arrears past its grace',
  ],
  'invariant.I14 a machine is stopped for arrears after the grace of its account, and only if it is postpaid': [
    '只有按量机器会因欠费停机，且在宽限期之后',
    'A machine is stopped for arrears after the grace of its account, and only if it is pay-as-you-go',
  ],
  'invariant.I14 a machine is released for arrears 360 hours after its account was told that it stopped, or later': [
    '因欠费释放的机器，在通知停机至少 360 小时之后才释放',
    'A machine is released for arrears 360 hours after its account was told that it stopped, or later',
  ],
} as const
