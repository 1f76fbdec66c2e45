// Larger system disks. Only their dialog loads these.
export const resize = {
  'resize.title': ['扩大系统盘', 'Make the system disk larger'],
  'resize.size': ['新的大小（GiB）', 'New size (GiB)'],
  'resize.hint': [
    '现在是 {gib} GiB。系统盘只能扩大；机器照常运行，不会重启。',
    'It has {gib} GiB now. A disk only grows; the machine runs on.',
  ],
  'resize.change': ['变化', 'Change'],
  'resize.gib': ['{from} → {to} GiB', '{from} → {to} GiB'],
  'resize.paidUntil': ['付费至', 'Paid until'],
  'resize.formula': ['计算', 'Formula'],
  'resize.month': ['月', 'month'],
  'resize.months': ['{count} 个月', '{count|month|months}'],
  'resize.days': ['天', 'days'],
  'resize.hour': ['小时', 'hour'],
  'resize.total': ['立即支付', 'To pay now'],
  'resize.moreHour': ['每小时增加', 'More an hour'],
  'resize.moreDay': ['每 24 小时增加（需有可用余额）', 'More in 24 hours (so much must be available)'],
  'resize.pay': ['支付并扩大', 'Pay and make it larger'],
  'resize.confirm': ['扩大', 'Make it larger'],
  'resize.accepted': ['已提交，系统盘正在扩大', 'Accepted: the disk is being made larger'],
} as const
