// Money is a bigint: fen in the ledger, micro-yuan (1/1,000,000 yuan) for unit prices. No floating point anywhere,
// and one rounding, half-up, once per bill line (Q31, A11). 1 yuan = 100 fen = 1,000,000 micros; 1 fen = 10,000 micros.
import { invariant } from './invariant.ts'

declare const unit: unique symbol
export type Fen = bigint & { readonly [unit]?: 'fen' }
export type Micros = bigint & { readonly [unit]?: 'micros' }

export const microsPerFen = 10_000n
/** PostgreSQL's bigint; an amount beyond it is refused, never wrapped. */
export const fenMax = 2n ** 63n - 1n

/** `numerator / denominator` micros to fen, half-up (away from zero at exactly one half). The only rounding of money. */
export function roundHalfUpToFen(numerator: Micros, denominator = 1n): Fen {
  invariant(denominator > 0n, 'a denominator is positive')
  const scale = denominator * microsPerFen
  const magnitude = numerator < 0n ? -numerator : numerator
  const rounded = (2n * magnitude + scale) / (2n * scale)
  return numerator < 0n ? -rounded : rounded
}

/** Splits a total into parts by weight that sum to it exactly: largest remainder, ties to the earlier part (Q2). */
export function splitByWeight(total: Fen, weights: readonly bigint[]): Fen[] {
  const sum = weights.reduce((a, b) => a + b, 0n)
  invariant(weights.length > 0 && sum > 0n && total >= 0n, 'a split needs a total ≥ 0 and weights that sum above 0')
  const parts = weights.map(weight => (total * weight) / sum)
  const remainders = weights.map((weight, index) => ({ index, rest: (total * weight) % sum }))
  remainders.sort((a, b) => (a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1))
  const missing = Number(total - parts.reduce((a, b) => a + b, 0n))
  for (const { index } of remainders.slice(0, missing)) parts[index] = (parts[index] ?? 0n) + 1n
  return parts
}

/** Fen as yuan with two digits: `123456n` → `1234.56`. */
export function formatFen(fen: Fen): string {
  const magnitude = fen < 0n ? -fen : fen
  return `${fen < 0n ? '-' : ''}${magnitude / 100n}.${(magnitude % 100n).toString().padStart(2, '0')}`
}

/** A unit price as yuan, without needless zeros after the second digit: `123n` → `0.000123`, `1500000n` → `1.50`. */
export function formatMicros(micros: Micros): string {
  const digits = (micros % 1_000_000n).toString().padStart(6, '0')
  return `${micros / 1_000_000n}.${digits.slice(0, 2)}${digits.slice(2).replace(/0+$/, '')}`
}

/** Yuan as people type them (`12`, `12.5`, `12.34`) to fen; null for anything else. */
export function parseYuan(text: string): Fen | null {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,2}))?$/.exec(text.trim())
  if (!match) return null
  const fen = BigInt(match[2] ?? '0') * 100n + BigInt((match[3] ?? '').padEnd(2, '0'))
  return match[1] ? -fen : fen
}

/** A unit price in yuan with up to six digits (`0.000123`) to micros; null for anything else. */
export function parseMicros(text: string): Micros | null {
  const match = /^(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text.trim())
  return match ? BigInt(match[1] ?? '0') * 1_000_000n + BigInt((match[2] ?? '').padEnd(6, '0')) : null
}
