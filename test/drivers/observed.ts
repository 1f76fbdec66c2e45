// What a driver says of a service instance, awaited.
import type { RuntimeDriver, RuntimeObservation, RuntimeRef } from '../../src/services/driver.ts'

/** Asks again until it is so; a deadline, so that a promise that is never kept fails with what was seen. `pass` between looks. */
export async function observed(
  driver: RuntimeDriver,
  ref: RuntimeRef,
  { is, so, pass }: { is: string; so: (word: RuntimeObservation) => boolean; pass: () => unknown },
): Promise<RuntimeObservation> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const [word] = await driver.observe([ref])
    if (word && so(word)) return word
    if (performance.now() > deadline) throw new Error(`not ${is}, but ${JSON.stringify(word)}`)
    await pass()
  }
}

export const isReady = (word: RuntimeObservation): boolean => word.state === 'running' && word.ready
export const isEnded = (word: RuntimeObservation): boolean => word.state === 'ended'
