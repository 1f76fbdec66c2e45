// Changes as a driver tells of them: ids of what may have changed, to whoever listens. Only a nudge: nothing is kept for who comes
// later.
import { EventEmitter, on } from 'node:events'

/** In place of an id: any of them may have changed. */
export const everything = ''

export class ToldChanges {
  readonly #emitter = new EventEmitter().setMaxListeners(0)

  tell(id: string): void {
    this.#emitter.emit('change', id)
  }

  /** From this call on, and until the signal. */
  listen(signal: AbortSignal): AsyncGenerator<string> {
    // `on` throws at once where it is over already.
    return idsOf(signal.aborted ? null : on(this.#emitter, 'change', { signal }), signal)
  }
}

async function* idsOf(told: AsyncIterable<unknown[]> | null, signal: AbortSignal): AsyncGenerator<string> {
  if (told === null) return
  try {
    for await (const [id] of told) yield id as string
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
