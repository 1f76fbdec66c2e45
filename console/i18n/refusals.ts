// Why the server says no, by the refusal's code; its details fill the places. A code without a text here is shown as the
// server said it, in English.
export const refusals = {
  'refusal.Unreachable': [
    '连接不上泊位服务，正在等待它恢复。',
    'Berth does not answer. Check that it is running, then try again.',
  ],
  'refusal.Forbidden': [
    '你的角色没有权限执行此操作，请联系账号所有者。',
    'Your role may not do this. Ask the owner of the account.',
  ],
  'refusal.SignInFailed': ['账号、用户名或密码不正确。', 'Account, user name or password is wrong.'],
  'refusal.SignInBusy': ['登录请求较多，请稍后再试。', 'Many sign in at this moment. Try again in a few seconds.'],
  'refusal.SessionExpired': ['登录已过期，请重新登录。', 'Your session has ended. Sign in again.'],
  'refusal.NotSigned': ['请先登录。', 'Sign in first.'],
  'refusal.OidcFailed': [
    '统一身份登录没有成功，请重试。',
    'The sign-in through the identity provider did not succeed. Try again.',
  ],
  'refusal.OidcNotConfigured': ['没有配置统一身份登录。', 'No identity provider is configured.'],
  'refusal.TooManyAttempts': ['尝试次数过多，请稍后再试。', 'Too many attempts. Wait a little, then try again.'],
  'refusal.BalanceInsufficient': [
    '钱包余额不足，请先请平台运营者充值。',
    'The wallet does not cover this. Ask the operator for a top-up first.',
  ],
  'refusal.AccountInArrears': ['账号已欠费，充值后才能继续。', 'The account is in arrears. Top it up first.'],
  'refusal.NameInUse': ['这个名称已被使用，请换一个。', 'This name is taken. Choose another.'],
  'refusal.InvalidGroupName': ['名称不符合要求：1–27 个字符。', 'This name is not allowed: 1 to 27 characters.'],
  'refusal.GroupNotFound': ['资源组不存在或不属于你的账号。', 'There is no such group in your account.'],
  'refusal.MachineNotFound': ['机器不存在或不属于你的账号。', 'There is no such machine in your account.'],
  'refusal.ServiceNotFound': ['服务不存在或不属于你的账号。', 'There is no such service in your account.'],
  'refusal.OrderNotFound': ['订单不存在或不属于你的账号。', 'There is no such order in your account.'],
  'refusal.QuoteExpired': ['报价已过期，请按新价格确认。', 'The quote has expired. Confirm the new price.'],
} as const
