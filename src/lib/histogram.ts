// Durations counted in buckets that grow by the square root of two: small enough to send and add up, fine enough that a
// quantile read from it is at most a fifth off.

/** Bucket i holds what lasted up to 2^(i/2) ms; the last one everything longer. 2^20 ms are 17 minutes. */
export const bucketCount = 41

export function bucketOf(ms: number): number {
  if (ms <= 1) return 0
  return Math.min(bucketCount - 1, Math.ceil(2 * Math.log2(ms)))
}

const upperMs = (bucket: number): number => 2 ** (bucket / 2)

/** Adds the counts of one to another, which may be shorter. */
export function addCounts(into: number[], counts: readonly number[]): void {
  for (const [bucket, count] of counts.entries()) into[bucket] = (into[bucket] ?? 0) + count
}

/** What the share `q` of all stayed below, in milliseconds, by the straight line within its bucket; null of nothing. */
export function quantileMs(counts: readonly number[], q: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const rank = q * total
  let before = 0
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && before + count >= rank) {
      const lower = bucket === 0 ? 0 : upperMs(bucket - 1)
      return lower + (upperMs(bucket) - lower) * ((rank - before) / count)
    }
    before += count
  }
  return upperMs(counts.length - 1)
}
