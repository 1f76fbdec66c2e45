// Will it fit: the verdict, what makes room, and what to buy.
export const fit = {
  'fit.title': ['资源是否充足', 'Will it fit'],
  'fit.fits': ['资源充足：现在就能调度', 'It fits: there is room for all of it now'],
  'fit.fits_after_moves': [
    '先迁移 {count} 个正在运行的实例就能放下（先启动替代实例，服务不中断）',
    'It fits once {count|running instance moves|running instances move}, replacement first, without losing a request',
  ],
  'fit.does_not_fit': [
    '资源不足：{total} 个实例中有 {count} 个放不下',
    'It does not fit: {count} of {total|instance finds|instances find} no place',
  ],
  'fit.move': ['{service}：{from} → {to}', '{service}: {from} → {to}'],
  'fit.shrink': [
    '把每个实例的需求降到 {demand}，就能放到 {machine}',
    'Ask for {demand} for each: so much is free on {machine}',
  ],
  'fit.uncordon': ['重启调度 {machine}', 'Let {machine} take new instances again'],
  'fit.helps': ['任选一项即可：', 'Any one of these is enough:'],
  'fit.buy': ['购买 {quantity} 台 {spec}', 'Buy {quantity} × {spec}'],
  'fit.perDay': ['{price}/天', '{price} a day'],
  'fit.perMonths': ['{price}（{months} 个月）', '{price} for {months|month|months}'],
  'fit.noPurchase': [
    '该地域没有一种有货的机器能单独满足需求',
    'No machine that is sold in this region and in stock would be enough by itself',
  ],
} as const
