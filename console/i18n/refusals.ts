// Why the server says no, by the refusal's code; its details fill the places. A code without a text here is shown as the
// server said it, in English.
export const refusals = {
  'refusal.Unreachable': [
    '连接不上泊位服务，正在等待它恢复。',
    'Berth does not answer. Check that it is running, then try again.',
  ],
  'refusal.InternalError': [
    '泊位内部出错，请稍后重试；仍不行时请把请求 ID 告诉平台运营者。',
    'Something inside Berth failed. Try again; if it goes on, tell the operator the request ID.',
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
  'refusal.TooManyStreams': [
    '同时接收动态的页面过多，请关闭一些页面。',
    'Too many pages follow what happens. Close some of them.',
  ],
  'refusal.DatabaseSilent': ['数据库没有响应，请稍后再试。', 'The database does not answer. Try again in a moment.'],
  'refusal.TooManyAttempts': ['尝试次数过多，请稍后再试。', 'Too many attempts. Wait a little, then try again.'],
  'refusal.UserDisabled': [
    '该用户已被停用，请账号所有者启用。',
    'This user is disabled. Ask an owner of the account to enable it.',
  ],
  'refusal.IdentityNotKnown': [
    '统一身份提供方给出的邮箱在这里没有对应的用户，请账号所有者用你的邮箱添加你。',
    'No user here has the e-mail that the identity provider vouches for. Ask the owner of the account to add you with it.',
  ],
  'refusal.LastOwner': [
    '这是账号最后一个所有者，请先增加另一个所有者。',
    'This is the last owner of the account. Make another one first.',
  ],
  'refusal.OwnUser': ['不能停用自己，请由其他所有者操作。', 'Nobody disables themselves. Another owner can.'],
  'refusal.AccessKeyNotFound': ['这个密钥已经失效。', 'This key has ended.'],
  'refusal.EmailInUse': ['这个邮箱已属于其他用户。', 'Another user has this e-mail.'],
  'refusal.InvalidName': [
    '名称不符合要求：1–63 个小写字母、数字、点、短横线或下划线，以字母或数字开头。',
    'This name is not allowed: 1 to 63 lower-case letters, digits, dots, dashes and underscores, a letter or digit first.',
  ],
  'refusal.WeakPassword': [
    '密码太弱：请用 12 到 200 个字符，不要过于简单。',
    'This password is too weak: use 12 to 200 characters, and not a simple one.',
  ],
  'refusal.WrongPassword': ['当前密码不正确。', 'This is not your current password.'],
  'refusal.WorkspaceNotFound': [
    '工作空间不存在，或你不是它的成员。',
    'There is no such workspace, or you are not in it.',
  ],
  'refusal.AccountNotFound': ['账号不存在。', 'There is no such account.'],
  'refusal.BalanceInsufficient': [
    '钱包余额不足，请先请平台运营者充值。',
    'The wallet does not cover this. Ask the operator for a top-up first.',
  ],
  'refusal.AccountInArrears': ['账号已欠费，充值后才能继续。', 'The account is in arrears. Top it up first.'],
  'refusal.NameInUse': ['这个名称已被使用，请换一个。', 'This name is taken. Choose another.'],
  'refusal.InvalidReason': [
    '原因不能为空或含有控制字符，最多 500 个字符。',
    'A reason is needed: plain text, at most 500 characters.',
  ],
  'refusal.InvalidGroupName': ['名称不符合要求：1–27 个字符。', 'This name is not allowed: 1 to 27 characters.'],
  'refusal.GroupNotFound': ['资源组不存在或不属于你的账号。', 'There is no such group in your account.'],
  'refusal.MachineNotFound': ['机器不存在或不属于你的账号。', 'There is no such machine in your account.'],
  'refusal.ServiceNotFound': ['服务不存在或不属于你的账号。', 'There is no such service in your account.'],
  'refusal.OrderNotFound': ['订单不存在或不属于你的账号。', 'There is no such order in your account.'],
  'refusal.QuoteExpired': ['报价已过期，请按新价格确认。', 'The quote has expired. Confirm the new price.'],
  'refusal.InsufficientStock': ['库存不足，无法交付全部机器。', 'There is not enough stock for all of the machines.'],
  'refusal.CreateFailed': ['机器未能创建成功。', 'The machines could not be created.'],
  'refusal.DeadlinePassed': ['机器未能在期限内就绪。', 'The machines were not ready in time.'],
  'refusal.MachineNotRunning': [
    '机器不在运行状态，不能执行此操作。',
    'The machine does not run: this cannot be done now.',
  ],
  'refusal.MachineHeld': [
    '机器停止调度不是由人设置的，原因解除后会自动恢复。',
    'The machine is held, and not by a person: it opens once the cause is gone.',
  ],
  'refusal.MachineLeaving': ['机器正在删除或已删除。', 'The machine is being deleted, or is gone.'],
  'refusal.MachineNotEmpty': [
    '机器上还有服务实例，请先清空。',
    'Service instances are still on the machine. Drain it first.',
  ],
  'refusal.DrainPlanNotFound': ['没有这个清空计划。', 'There is no such drain plan.'],
  'refusal.Overdue': ['清空已超过期限。', 'A drain is past its deadline.'],
  'refusal.Blocked': ['清空受阻，等待空间。', 'A drain is blocked, and waits for room.'],
  'refusal.DrainEnded': ['清空已结束，但没有清空。', 'A drain has ended without emptying its machine.'],
  'refusal.DrainPlanEnded': ['这个清空计划已经结束，请新建一个。', 'This drain plan has ended: make another one.'],
  'refusal.NoDrainUnderWay': ['机器没有在清空。', 'The machine is not being drained.'],
  'refusal.NotPrepaid': ['按量计费的机器无需续费。', 'Pay-as-you-go machines need no renewal.'],
  'refusal.PrepaidNotExpired': [
    '包年包月的机器到期前不能删除。如需提前释放，请联系：{contact}',
    'A subscription machine cannot be deleted before it expires. To end it early, ask: {contact}',
  ],
  'refusal.GroupNameTaken': [
    '账号内已有同名资源组，请换一个名称。',
    'Another group of the account has this name. Choose another.',
  ],
  'refusal.GroupChanged': [
    '资源组刚被他人修改，请刷新后重试。',
    'Someone has changed the group meanwhile. Look again, then try again.',
  ],
  'refusal.GroupNotEmpty': [
    '资源组里还有机器或服务，请先删除它们。',
    'Machines or services remain in the group. Delete them first.',
  ],
  'refusal.InvalidPeriod': ['没有这个月份，请写成 2026-11 的形式。', 'There is no such month. Write it as 2026-11.'],
  'refusal.DiskAtMost': [
    '系统盘已有 {systemDiskGib} GiB，只能扩大，请填写更大的值。',
    'The disk has {systemDiskGib} GiB already, and only grows. Name more than that.',
  ],
  'refusal.ResizeUnderWay': [
    '正在扩大系统盘，完成后再试。',
    'Its disk is being made larger. Try again once that is done.',
  ],
  'refusal.ResizeConflict': [
    '机器的系统盘或到期时间已变化，请按新价格确认。',
    'The disk or the expiry of the machine has changed. Confirm the new price.',
  ],
  'refusal.RefundConflict': [
    '机器已续费或变配，退款金额有变化，请重新确认。',
    'The machine was renewed or resized meanwhile: the refund is another. Confirm it again.',
  ],
  'refusal.NothingToRefund': ['机器已到期，没有可退的款项。', 'The machine has expired: there is nothing to refund.'],
  'refusal.OrderInProgress': [
    '机器还在交付，请稍后再试。',
    'The machine is still being delivered. Try again once it is.',
  ],
  'refusal.OrderStateConflict': ['订单状态已变化，请刷新查看。', 'The order has moved on meanwhile. Look again.'],
  'refusal.NothingToRenew': ['没有可续费的机器。', 'There is no machine to renew.'],
  'refusal.NothingToAlign': [
    '所选机器的到期时间已经一致，请选择其他机器或更晚的日期。',
    'All of them expire at the same time already. Choose other machines, or a later day.',
  ],
  'refusal.AlignmentTooFar': [
    '机器 {machineId} 离统一到期时间超过 12 个月。请先续费，或不选它。',
    'Machine {machineId} would be brought more than 12 months ahead. Renew it first, or leave it out.',
  ],
  'refusal.MachineExpired': [
    '机器 {machineId} 已到期。请先续费，或不选它。',
    'Machine {machineId} has expired. Renew it first, or leave it out.',
  ],
  'refusal.RenewalConflict': [
    '到期时间刚刚变化，请重新询价。',
    'The expiry has just changed. Ask for the price again.',
  ],
} as const
