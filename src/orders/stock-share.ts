// Who gets how many of the machines that a zone has left: in the order of payment. An order that waits for all of its
// machines keeps its place, so whatever there is stays for it until it is enough; one that wants all or nothing and does
// not wait is passed over. Pure.

export interface StockClaim {
  /** Machines it has not got yet. */
  wanted: number
  /** Takes fewer. */
  partialOk: boolean
  /** It waits for what is not there. */
  waits: boolean
}

/** Machines for each claim, in their order; their sum is at most `free`. */
export function shareStock(free: number, claims: readonly StockClaim[]): number[] {
  let left = Math.max(0, free)
  return claims.map(({ wanted, partialOk, waits }) => {
    if (wanted <= left || partialOk) {
      const granted = Math.min(wanted, left)
      left -= granted
      return granted
    }
    if (waits) left = 0
    return 0
  })
}
