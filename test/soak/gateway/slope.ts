// Whether what is held grows: the straight line through samples taken at equal times.

/** By how much the line (least squares) rises from the first value to the last. */
export function growth(values: readonly number[]): number {
  const n = values.length
  if (n < 2) return 0
  const meanX = (n - 1) / 2
  const meanY = values.reduce((sum, value) => sum + value, 0) / n
  let both = 0
  let squares = 0
  for (const [x, y] of values.entries()) {
    both += (x - meanX) * (y - meanY)
    squares += (x - meanX) ** 2
  }
  return (both / squares) * (n - 1)
}

/** Caches fill and code is compiled in the first third. */
export const afterWarmUp = <Value>(values: readonly Value[]): readonly Value[] =>
  values.slice(Math.floor(values.length / 3))
