// The calendar of expiries. Only its page loads these.
export const expiries = {
  'expiries.previous': ['上个月', 'Previous month'],
  'expiries.next': ['下个月', 'Next month'],
  'expiries.zone': ['日期按计费时区 {zone}', 'Days are those of the billing time zone, {zone}'],
  'expiries.machines': ['{count} 台', '{count|machine|machines}'],
  'expiries.ofThem': ['其中 {auto} 台自动续费', '{auto} of them renew by themselves'],
  'expiries.inMonth': ['本月到期', 'Expire this month'],
  'expiries.toRenew': ['全部续费', 'To renew all of them'],
  'expiries.autoRenewing': ['自动续费', 'Renewing by themselves'],
  'expiries.autoRenewFen': ['自动续费将扣款', 'Auto-renewal will charge'],
  'expiries.priceHint': [
    '按今天的价格：开启自动续费的按其续费时长，其余按 1 个月。',
    "At today's prices: each for as long as it renews by itself, the others for a month.",
  ],
  'expiries.none': ['这个月没有机器到期', 'No machine expires in this month'],
  'expiries.chooseDay': ['选择一天，查看当天到期的机器并续费。', 'Choose a day to see its machines and to renew them.'],
  'expiries.dayTitle': ['{day} 到期的机器', 'Machines that expire on {day}'],
  'expiries.noneThatDay': ['这一天没有机器到期', 'No machine expires on this day'],
  'expiries.renewal': ['续费价格', 'Renewal'],
  'expiries.forMonths': ['{count} 个月', '{count|month|months}'],
} as const
