// Where a worker asks for admission of requests to services with limits: of itself where it is the only one, else of its parent,
// which keeps the limits for all its workers. Nothing else passes through here.
import type { Clock } from '../lib/clock.ts'
import { Admissions, type Ask, type Bounds, type Refused } from './admissions.ts'

/** A request that waits for its verdict. */
export interface Applicant {
  admitted(ticket: number, instanceId: string | null): void
  refused(ticket: number, why: Refused): void
}

export type ToDesk =
  | { desk: 'ask'; ask: Ask }
  | { desk: 'release'; ticket: number }
  | { desk: 'moved'; serviceId: string; bounds: Bounds; instanceIds: string[] }

export type FromDesk =
  | { desk: 'admitted'; ticket: number; instanceId: string | null }
  | { desk: 'refused'; ticket: number; why: Refused }

export class AdmissionDesk {
  readonly #send: (message: ToDesk) => void
  readonly #applicants = new Map<number, Applicant>()
  #tickets = 0

  constructor(send: (message: ToDesk) => void) {
    this.#send = send
  }

  /** The ticket; the verdict may come before this returns. */
  ask(applicant: Applicant, ask: Omit<Ask, 'ticket'>): number {
    const ticket = ++this.#tickets
    this.#applicants.set(ticket, applicant)
    const { serviceId, bounds, instanceIds, again } = ask
    this.#send({ desk: 'ask', ask: { ticket, serviceId, bounds, instanceIds, again } })
    return ticket
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

/** The end that keeps the limits. `answer` reaches the desk of a worker. */
export class AdmissionOffice {
  readonly #clock: Clock
  readonly #admissions: Admissions

  constructor(clock: Clock, answer: (worker: string, message: FromDesk) => void) {
    this.#clock = clock
    this.#admissions = new Admissions({
      admitted: (worker, ticket, instanceId) => answer(worker, { desk: 'admitted', ticket, instanceId }),
      refused: (worker, ticket, why) => answer(worker, { desk: 'refused', ticket, why }),
    })
  }

  onMessage(worker: string, message: ToDesk): void {
    if (message.desk === 'ask') this.#admissions.ask(worker, message.ask, this.#clock.monotonicMs())
    else if (message.desk === 'release') this.#admissions.release(worker, message.ticket)
    else this.#admissions.moved(message.serviceId, message.bounds, message.instanceIds)
  }

  forget(worker: string): void {
    this.#admissions.forget(worker)
  }
}

/** For a gateway of one process. */
export function ownDesk(clock: Clock): AdmissionDesk {
  const office = new AdmissionOffice(clock, (_worker, message) => desk.onVerdict(message))
  const desk: AdmissionDesk = new AdmissionDesk(message => office.onMessage('', message))
  return desk
}
