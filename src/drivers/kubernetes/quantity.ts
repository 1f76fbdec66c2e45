// Amounts as Kubernetes writes them: `1500m`, `4`, `16Gi`, `128974848`, `1e3`. In whole units of ours, rounded down for what is
// there and up for what is asked, so that nothing is promised that is not there.

const binary: Record<string, number> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 }
const decimal: Record<string, number> = { n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 }

/** 0 for what is not there, or no amount. */
function amountOf(text: string | number | undefined): number {
  const [, number, unit = ''] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([A-Za-z]*)$/.exec(String(text ?? '0')) ?? []
  const factor = unit === '' ? 1 : (binary[unit] ?? decimal[unit])
  return number === undefined || factor === undefined ? 0 : Number(number) * factor
}

type Round = 'down' | 'up'
/** Less than any amount that can be written is no unit: 1.1 × 1000 is 1100. */
const least = 1e-9
const whole = (value: number, round: Round): number =>
  (round === 'down' ? Math.floor(value + least) : Math.ceil(value - least)) + 0

export interface Amounts {
  cpuMilli: number
  memoryMib: number
  gpuCount: number
}

export const gpuResource = 'nvidia.com/gpu'

export function amountsOf(list: Record<string, string | number> | undefined, round: Round): Amounts {
  return {
    cpuMilli: whole(amountOf(list?.cpu) * 1_000, round),
    memoryMib: whole(amountOf(list?.memory) / 2 ** 20, round),
    gpuCount: whole(amountOf(list?.[gpuResource]), round),
  }
}

export const none: Amounts = { cpuMilli: 0, memoryMib: 0, gpuCount: 0 }

const each = (a: Amounts, b: Amounts, of: (a: number, b: number) => number): Amounts => ({
  cpuMilli: of(a.cpuMilli, b.cpuMilli),
  memoryMib: of(a.memoryMib, b.memoryMib),
  gpuCount: of(a.gpuCount, b.gpuCount),
})

export const sum = (a: Amounts, b: Amounts): Amounts => each(a, b, (x, y) => x + y)
export const difference = (a: Amounts, b: Amounts): Amounts => each(a, b, (x, y) => x - y)
export const larger = (a: Amounts, b: Amounts): Amounts => each(a, b, Math.max)
export const isWithin = (a: Amounts, b: Amounts): boolean =>
  a.cpuMilli <= b.cpuMilli && a.memoryMib <= b.memoryMib && a.gpuCount <= b.gpuCount
