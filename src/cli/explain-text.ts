// An explanation as text, in Chinese and English: one sentence a step, from its ids and figures alone.
import type { Operations } from '../client/client.ts'
import { moneyText, priceText, timeText } from './output.ts'

export type Explanation = Operations['GET /v1/orders/{orderId}/explain']['returns']
type Step = Explanation['steps'][number]
export type Language = 'zh' | 'en'

const yuan = (step: Step, name: string): string => moneyText(step.figures[name] || '0')
const price = (step: Step, name: string): string => priceText(step.figures[name] || '0')
const time = (text: string | null | undefined): string => timeText(text || null)
const items = { zh: { machine: '机器', disk: '系统盘' }, en: { machine: 'machine', disk: 'disk' } }
const itemText = (language: Language, item: string | undefined): string =>
  item === 'disk' ? items[language].disk : items[language].machine
const orderKinds: Record<string, string> = {
  ...{ purchase: '新购', scale_out: '扩容', renewal: '续费', alignment: '统一到期', resize: '变配', refund: '退款' },
}
const transferKinds: Record<string, string> = {
  ...{
    top_up: '充值',
    pay: '支付',
    capture: '确认收入',
    refund: '退款',
    usage: '按量扣费',
    reversal: '更正退回',
    withdraw: '提现',
  },
}

type Sentence = (step: Step) => string

const en: Record<Step['code'], Sentence> = {
  order: s =>
    `order ${s.ids.orderId} (${s.figures.kind}, ${s.figures.phase}) placed ${time(s.at)} by ${s.ids.actor}: ${s.figures.quantity} × ${s.figures.chargeType}, ${yuan(s, 'totalFen')} in all; paid ${yuan(s, 'paidCashFen')} cash and ${yuan(s, 'paidVoucherFen')} voucher, captured ${yuan(s, 'capturedFen')}, refunded ${yuan(s, 'refundedFen')}`,
  machine: s =>
    `machine ${s.ids.machineId}, ${s.ids.specId} in ${s.ids.zoneId}, disk ${s.figures.systemDiskGib} GiB, ${s.figures.chargeType}; first ran ${time(s.at)}`,
  interval: s => `it ran from ${time(s.at)} to ${s.figures.endedAt ? time(s.figures.endedAt) : 'now'}`,
  minutes: s =>
    `billing day ${s.figures.billingDay}: ${s.figures.minutes} minutes, counted in slots of 60 s from ${time(s.figures.anchorAt)}; a slot takes the day and price of its start`,
  price: s =>
    `price version ${s.figures.version}: ${itemText('en', s.figures.item)} ${price(s, 'microsPerHour')}/hour${s.figures.item === 'disk' ? ` for ${s.figures.diskGib} GiB above the free 200` : ''}, for ${s.figures.minutes} minutes`,
  list_price: s =>
    `price list of ${time(s.figures.pricedAt)}: version ${s.figures.version}, ${price(s, 'microsPerMonth')}/month for ${s.figures.months} months, disk ${price(s, 'diskGibMicros')}/GiB/month above the free 200`,
  formula: s => `${s.figures.text}`,
  rounding: s => `= ${s.figures.exact}, rounded half-up, once: ${yuan(s, 'amountFen')}`,
  line: s => `line ${s.ids.lineNo} (${s.figures.phase}): ${yuan(s, 'amountFen')} for machine ${s.ids.machineId}`,
  period: s =>
    `line ${s.ids.lineNo} of ${s.ids.orderId} (${s.figures.phase}): ${yuan(s, 'amountFen')} for machine ${s.ids.machineId}, paid from ${time(s.at)} to ${time(s.figures.endsAt)}`,
  billed: s =>
    `${itemText('en', s.figures.item)}: ${s.figures.days} days billed from ${s.figures.fromDay} to ${s.figures.toDay}, ${s.figures.minutes} minutes, ${yuan(s, 'amountFen')}`,
  correction: s =>
    `correction ${s.figures.number} of ${time(s.at)} (${s.figures.reason}): ${s.figures.minutes} minutes, ${yuan(s, 'amountFen')}`,
  transfer: s =>
    `ledger ${s.figures.number ? `no. ${s.figures.number}` : '(not sealed yet)'}, ${time(s.at)}: ${s.figures.kind} ${yuan(s, 'amountFen')} from ${s.ids.from} to ${s.ids.to} (${s.ids.transferId})`,
  more: s => `… more than ${s.figures.shown} of these`,
}

const zh: Record<Step['code'], Sentence> = {
  order: s =>
    `订单 ${s.ids.orderId}（${orderKinds[s.figures.kind ?? ''] ?? s.figures.kind}）由 ${s.ids.actor} 于 ${time(s.at)} 提交：${s.figures.quantity} 台，共 ${yuan(s, 'totalFen')} 元；现金支付 ${yuan(s, 'paidCashFen')}，代金券支付 ${yuan(s, 'paidVoucherFen')}，已确认收入 ${yuan(s, 'capturedFen')}，已退款 ${yuan(s, 'refundedFen')}`,
  machine: s =>
    `机器实例 ${s.ids.machineId}，规格 ${s.ids.specId}，可用区 ${s.ids.zoneId}，系统盘 ${s.figures.systemDiskGib} GiB，${s.figures.chargeType === 'prepaid' ? '包年包月' : '按量计费'}；首次运行于 ${time(s.at)}`,
  interval: s => `运行时段：${time(s.at)} 至 ${s.figures.endedAt ? time(s.figures.endedAt) : '现在'}`,
  minutes: s =>
    `计费日 ${s.figures.billingDay}：${s.figures.minutes} 分钟，自 ${time(s.figures.anchorAt)} 起每 60 秒一个计费单元，按单元起点所在的日期和价格计费`,
  price: s =>
    `价格版本 ${s.figures.version}：${itemText('zh', s.figures.item)} ${price(s, 'microsPerHour')} 元/小时${s.figures.item === 'disk' ? `（超出免费 200 GiB 的 ${s.figures.diskGib} GiB）` : ''}，共 ${s.figures.minutes} 分钟`,
  list_price: s =>
    `${time(s.figures.pricedAt)} 的价目：版本 ${s.figures.version}，购买 ${s.figures.months} 个月时 ${price(s, 'microsPerMonth')} 元/月，系统盘超出免费 200 GiB 的部分 ${price(s, 'diskGibMicros')} 元/GiB/月`,
  formula: s => `计算：${s.figures.text}`,
  rounding: s => `= ${s.figures.exact}，四舍五入到分（仅一次）：${yuan(s, 'amountFen')} 元`,
  line: s => `订单行 ${s.ids.lineNo}：机器实例 ${s.ids.machineId}，${yuan(s, 'amountFen')} 元`,
  period: s =>
    `${s.ids.orderId} 的订单行 ${s.ids.lineNo}：机器实例 ${s.ids.machineId}，${yuan(s, 'amountFen')} 元，有效期 ${time(s.at)} 至 ${time(s.figures.endsAt)}`,
  billed: s =>
    `${itemText('zh', s.figures.item)}：${s.figures.fromDay} 至 ${s.figures.toDay} 共出账 ${s.figures.days} 天，${s.figures.minutes} 分钟，${yuan(s, 'amountFen')} 元`,
  correction: s =>
    `${time(s.at)} 第 ${s.figures.number} 次更正：${s.figures.minutes} 分钟，${yuan(s, 'amountFen')} 元（机器失联，失联后的用量退回）`,
  transfer: s =>
    `账本${s.figures.number ? ` 第 ${s.figures.number} 号` : '（待封账）'}，${time(s.at)}：${transferKinds[s.figures.kind ?? ''] ?? s.figures.kind} ${yuan(s, 'amountFen')} 元，从 ${s.ids.from} 到 ${s.ids.to}（${s.ids.transferId}）`,
  more: s => `…… 仅列出前 ${s.figures.shown} 条`,
}

const sentences = { en, zh }

/** A line a step, numbered; at the end what it comes to. */
export function explanationText({ amountFen, steps }: Explanation, language: Language): string[] {
  const lines = steps.map((step, index) => `${String(index + 1).padStart(3)}  ${sentences[language][step.code](step)}`)
  if (amountFen === null) return lines
  return [...lines, language === 'zh' ? `合计 ${moneyText(amountFen)} 元` : `comes to ${moneyText(amountFen)}`]
}
