// Where a worker asks for admission of requests to services with limits: of itself where it is the only one, else of its parent,
// which keeps the limits for all its workers. Nothing else passes through here.
import type { Clock } from '../../lib/clock.ts'
import { Admissions, type Applicant, type Bounds, Place, type Refused, type Wish } from './admissions.ts'

export interface Ask extends Wish {
  /** Names the request among those of its worker. */
  ticket: number
}

export type ToDesk =
  | { desk: 'ask'; ask: Ask }
  | { desk: 'release'; ticket: number }
  | { desk: 'moved'; serviceId: string; bounds: Bounds; instanceIds: string[] }

export type FromDesk =
  | { desk: 'admitted'; ticket: number; instanceId: string | null }
  | { desk: 'refused'; ticket: number; why: Refused }

export interface AdmissionDesk {
  /** To ask with, and to be released then, unless it is refused. Never 0. */
  ticket(): number
  /** The verdict may come before this returns. */
  ask(ticket: number, applicant: Applicant, wish: Wish, nowMs: number): void
  release(ticket: number): void
  moved(serviceId: string, bounds: Bounds, instanceIds: string[]): void
}

/** For a gateway of one process. */
export class OwnDesk implements AdmissionDesk {
  readonly #admissions = new Admissions()
  /** By ticket. Not a `Map`: of one from which as much is taken as is put into it, the collector finds old parts for long. */
  readonly #places: (Place | null)[] = [null]
  readonly #free: number[] = []

  ticket(): number {
    return this.#free.pop() ?? this.#places.push(null) - 1
  }

  ask(ticket: number, applicant: Applicant, wish: Wish, nowMs: number): void {
    const place = new Place(ticket, applicant)
    this.#places[ticket] = place
    const why = this.#admissions.ask(place, wish, nowMs)
    if (why === null) return
    this.#forget(ticket)
    applicant.refused(ticket, why)
  }

  release(ticket: number): void {
    const place = this.#places[ticket] ?? null
    if (place === null) return
    this.#forget(ticket)
    this.#admissions.release(place)
  }

  moved(serviceId: string, bounds: Bounds, instanceIds: string[]): void {
    this.#admissions.moved(serviceId, bounds, instanceIds)
  }

  #forget(ticket: number): void {
    this.#places[ticket] = null
    this.#free.push(ticket)
  }
}

/** For a worker whose parent has the office. */
export class DistantDesk implements AdmissionDesk {
  readonly #send: (message: ToDesk) => void
  readonly #applicants = new Map<number, Applicant>()
  #tickets = 0

  constructor(send: (message: ToDesk) => void) {
    this.#send = send
  }

  ticket(): number {
    return ++this.#tickets
  }

  ask(ticket: number, applicant: Applicant, { serviceId, bounds, instanceIds, again }: Wish): void {
    this.#applicants.set(ticket, applicant)
    this.#send({ desk: 'ask', ask: { ticket, serviceId, bounds, instanceIds, again } })
  }

  release(ticket: number): void {
    this.#applicants.delete(ticket)
    this.#send({ desk: 'release', ticket })
  }

  moved(serviceId: string, bounds: Bounds, instanceIds: string[]): void {
    this.#send({ desk: 'moved', serviceId, bounds, instanceIds })
  }

  onVerdict(message: FromDesk): void {
    const applicant = this.#applicants.get(message.ticket)
    // Given up in the meantime; the release is on its way.
    if (applicant === undefined) return
    if (message.desk === 'admitted') {
      applicant.admitted(message.ticket, message.instanceId)
      return
    }
    this.#applicants.delete(message.ticket)
    applicant.refused(message.ticket, message.why)
  }
}

interface Worker {
  applicant: Applicant
  /** By ticket. */
  places: Map<number, Place>
}

/** The end that keeps the limits. `answer` reaches the desk of a worker. */
export class AdmissionOffice {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #answer: (worker: string, message: FromDesk) => void
  readonly #admissions = new Admissions()
  readonly #workers = new Map<string, Worker>()

  constructor(clock: Pick<Clock, 'monotonicMs'>, answer: (worker: string, message: FromDesk) => void) {
    this.#clock = clock
    this.#answer = answer
  }

  onMessage(worker: string, message: ToDesk): void {
    if (message.desk === 'moved') this.#admissions.moved(message.serviceId, message.bounds, message.instanceIds)
    else if (message.desk === 'ask') this.#ask(worker, message.ask)
    else this.#release(worker, message.ticket)
  }

  /** A worker ended, and its requests with it. */
  forget(worker: string): void {
    const its = [...(this.#workers.get(worker)?.places.values() ?? [])]
    this.#workers.delete(worker)
    // First those that wait: none of them is to be let in by the end of another.
    for (const state of ['waits', 'admitted']) {
      for (const place of its) if (place.state === state) this.#admissions.release(place)
    }
  }

  #ask(worker: string, ask: Ask): void {
    const { applicant, places } = this.#workerOf(worker)
    const place = new Place(ask.ticket, applicant)
    places.set(ask.ticket, place)
    const why = this.#admissions.ask(place, ask, this.#clock.monotonicMs())
    if (why === null) return
    places.delete(ask.ticket)
    applicant.refused(ask.ticket, why)
  }

  #release(worker: string, ticket: number): void {
    const { places } = this.#workerOf(worker)
    const place = places.get(ticket)
    if (place === undefined) return
    places.delete(ticket)
    this.#admissions.release(place)
  }

  #workerOf(name: string): Worker {
    const known = this.#workers.get(name)
    if (known !== undefined) return known
    const applicant: Applicant = {
      admitted: (ticket, instanceId) => this.#answer(name, { desk: 'admitted', ticket, instanceId }),
      refused: (ticket, why) => this.#answer(name, { desk: 'refused', ticket, why }),
    }
    const made = { applicant, places: new Map<number, Place>() }
    this.#workers.set(name, made)
    return made
  }
}
