/** A bug in Berth, not a mistake of its user: thrown, logged, never caught to continue. */
export class InvariantError extends Error {
  override name = 'InvariantError'
}

/** States what must be true here. `claim` is the sentence that turned out false. */
export function invariant(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new InvariantError(claim)
}
