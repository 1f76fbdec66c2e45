// What an account must know in time. Only the page of the notices loads these.
export const notices = {
  'notices.all': ['全部', 'All'],
  'notices.unread': ['未读', 'Unread'],
  'notices.show': ['显示哪些通知', 'Which notices are shown'],
  'notices.empty': ['没有通知', 'No notice'],
  'notices.emptyHint': [
    '机器即将到期、自动续费失败或余额不足时，会在这里通知。',
    'Here you are told when machines expire, a renewal fails or money runs out.',
  ],
  'notices.allRead': ['没有未读通知', 'Every notice has been read'],
  'notices.readAll': ['全部标为已读', 'Mark all as read'],
  'notices.marked': ['已标为已读', 'Marked as read'],
  'notices.severity': ['级别', 'Severity'],
  'notices.about': ['对象', 'About'],
  'notices.what': ['内容', 'Notice'],
  'notices.more': ['显示更多', 'Show more'],
  'notices.isUnread': ['未读', 'Unread'],
  'notices.severity.info': ['提示', 'Info'],
  'notices.severity.warning': ['注意', 'Warning'],
  'notices.severity.critical': ['紧急', 'Critical'],
  'notices.before.d': ['{count} 天', '{count|day|days}'],
  'notices.before.h': ['{count} 小时', '{count|hour|hours}'],
  'notices.account': ['账号', 'The account'],
  'notice.subscription.expires': [
    '机器将在 {before}内到期（{at}）。未开启自动续费，请及时续费。',
    'The machine expires within {before} (on {at}). It does not renew by itself: renew it in time.',
  ],
  'notice.subscription.expires.autoRenew': [
    '机器将在 {before}内到期（{at}），届时自动续费，请保持余额充足。',
    'The machine expires within {before} (on {at}). It renews by itself: keep enough in the wallet.',
  ],
  'notice.subscription.renewed': [
    '已自动续费 {amount}，有效期至 {at}。',
    'It has renewed itself for {amount}, until {at}.',
  ],
  'notice.subscription.renewal_failed': [
    '自动续费失败：{reason}将于 {next} 再次尝试。',
    'Renewal failed. {reason} The next try is {next}.',
  ],
  'notice.subscription.renewal_failed.last': [
    '自动续费失败：{reason}不会再尝试，请手动续费。',
    'Renewal failed. {reason} There is no further try: renew it yourself.',
  ],
  'notice.subscription.expired': [
    '机器已到期停机，保留至 {until}。在此之前续费即可恢复。',
    'The machine has expired and stopped. It is kept until {until}: renew it before to bring it back.',
  ],
  'notice.subscription.released': ['机器于 {at} 到期，现已释放。', 'The machine expired on {at}, and is released.'],
  'notice.balance.low': [
    '可用余额 {available}，按目前每天 {burn} 的消耗预计用到 {lasts}，请及时充值。',
    'Available are {available}. At {burn} a day that lasts until {lasts}: top up in time.',
  ],
  'notice.arrears.began': [
    '账号欠费 {owed}。未结清时按量计费机器将于 {stops} 停机。',
    'The account is in arrears: {owed} owed. Unless it is paid, pay-as-you-go machines stop on {stops}.',
  ],
  'notice.arrears.stopped': [
    '欠费 {owed}，{count} 台按量计费机器已停机，保留至 {until}。结清全部欠费后自动恢复。',
    '{owed} owed: {count|pay-as-you-go machine has|pay-as-you-go machines have} stopped, kept until {until}. Once all is paid they start by themselves.',
  ],
  'notice.arrears.cleared': [
    '欠费已结清，{count} 台机器正在恢复。',
    'The debt is paid: {count|machine is|machines are} brought back.',
  ],
  'notice.arrears.released': [
    '欠费 {owed} 一直未结清，{count} 台按量计费机器已释放。',
    '{owed} stayed unpaid: {count|pay-as-you-go machine is|pay-as-you-go machines are} released.',
  ],
} as const
