// The end of a prepaid machine before its expiry. Only its dialog loads these.
export const release = {
  'release.title': ['提前释放 {machine}？', 'Release {machine} early?'],
  'release.impact': [
    '机器立即释放，不能恢复；未使用的已付款项退回账号 {account} 的钱包。',
    'The machine is released at once and for good. What is unused of what was paid goes back to the wallet of {account}.',
  ],
  'release.action': ['释放并退款', 'Release and refund'],
  'release.refund': ['退款', 'Refund'],
  'release.voucher': ['其中退回代金券', 'Of this as vouchers'],
  'release.paidUntil': ['已付费至', 'Paid until'],
  'release.endsAt': ['未使用时间从此刻起算', 'Unused is counted from'],
  'release.lines': ['按已付周期', 'By paid period'],
  'release.line': [
    '已付 {paid}；{whole}中未使用 {unused}，按秒退 {refund}',
    '{paid} paid; {unused} of {whole} unused; {refund} back, by the second',
  ],
  'release.days': ['{days} 天', '{days|day|days}'],
  'release.daysAndHours': ['{days} 天 {hours} 小时', '{days|day|days} {hours|hour|hours}'],
  'release.hours': ['{hours} 小时 {minutes} 分钟', '{hours|hour|hours} {minutes|minute|minutes}'],
  'release.force': [
    '停止机器上仍在运行的服务实例（留出退出时间）',
    'Stop the service instances that still run there, with grace',
  ],
  'release.reasonHint': ['必须填写原因，账号所有者会看到。', 'A reason is needed: the owner of the account reads it.'],
  'release.done': ['已释放，退款 {amount}', 'Released; {amount} was given back'],
} as const
