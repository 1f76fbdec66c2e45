// A small model of everything around the rollout, in plain values: machines with slots, processes, gateways that acknowledge
// when they are let. It applies plans as apply-plan.ts does, and watches what must never happen.
import type { RuntimeObservation } from '../../src/services/driver.ts'
import { planService } from '../../src/services/rollout/rollout.ts'
import type { Action, MachineWish, ServiceSnapshot } from '../../src/services/rollout/rollout-snapshot.ts'
import type { Rollout } from '../../src/services/service.ts'
import { isRouted, type ServiceInstance } from '../../src/services/service-instance.ts'
import { anInstance, at } from './rollout-fixtures.ts'

interface Machine {
  slots: number
  verdict: MachineWish['verdict']
  /** A person lets what is there go without a replacement. */
  overridden?: boolean
}

interface ModelProcess {
  startsAtMs: number
  broken: boolean
  healthy: boolean
}

export class ModelWorld {
  nowMs = 0
  replicas = 1
  version = 1
  brokenVersion = 0
  rollout: Rollout | null = null
  maxUnavailable = 1
  generation = 0n
  instances: ServiceInstance[] = []
  readonly machines: Machine[]
  readonly processes = new Map<string, ModelProcess>()
  readonly gateways = new Map([
    ['g0', { acknowledged: 0n, silent: false }],
    ['g1', { acknowledged: 0n, silent: false }],
  ])
  readonly inFlight = new Map<string, number>()
  readonly violations: string[] = []
  #made = 0

  constructor(slots: readonly number[]) {
    this.machines = slots.map(count => ({ slots: count, verdict: 'stay' }))
  }

  /** A new version, as `updateService` writes it. */
  update(): void {
    const fromVersion = this.rollout?.fromVersion ?? this.version
    this.rollout = { kind: 'update', fromVersion, startedAt: '' }
    this.version++
  }

  /** As `restartProcesses` writes it, without a look at who else serves. */
  restartProcess(id: string, acceptGap: boolean): void {
    this.#change(id, { processRestart: { by: '', at: '', acceptGap } })
  }

  resume(): void {
    if (this.rollout?.pause === undefined) return
    const { pause: _, ...rollout } = this.rollout
    this.rollout = { ...rollout, resumedAt: at(this.nowMs).toString() }
  }

  /** In the routes, healthy, and known to every gateway. */
  serving(): ServiceInstance[] {
    return this.instances.filter(one => this.#serves(one))
  }

  step(): void {
    this.nowMs += 1_000
    for (const gateway of this.gateways.values()) if (!gateway.silent) gateway.acknowledged = this.generation
    const before = this.serving()
    const { actions } = planService(this.snapshot())
    for (const action of actions) this.#apply(action)
    this.#judge(before, actions)
    this.#place(actions)
  }

  snapshot(): ServiceSnapshot {
    const { replicas, version, maxUnavailable } = this
    return {
      now: at(this.nowMs),
      service: {
        ...{ id: 'svc', desired: 'running', replicas, version, restartGeneration: 0, rollout: this.rollout },
        ...{ maxSurge: 1, maxUnavailable, graceMs: 5_000, progressDeadlineMs: 600_000, noRoom: 'ask' },
      },
      frozen: false,
      instances: this.instances,
      observations: new Map(this.instances.flatMap(one => (one.machineId === null ? [] : [[one.id, this.#word(one)]]))),
      machines: new Map(
        this.machines.map(({ verdict, overridden = false }, index) => [
          `m${index}`,
          { verdict, drainId: verdict === 'move' ? 'd' : null, overridden },
        ]),
      ),
      revoked: new Set(),
      gateways: [...this.gateways].map(([gatewayId, { acknowledged }]) => {
        return { gatewayId, acknowledgedGeneration: acknowledged }
      }),
      traffic: new Map(
        this.instances.map(one => [
          one.id,
          [...this.gateways].map(([gatewayId, { acknowledged }]) => {
            return {
              gatewayId,
              generation: acknowledged,
              inFlight: gatewayId === 'g0' ? (this.inFlight.get(one.id) ?? 0) : 0,
              streams: 0,
            }
          }),
        ]),
      ),
    }
  }

  #serves(one: ServiceInstance): boolean {
    if (!isRouted(one) || this.processes.get(one.id)?.healthy !== true) return false
    return [...this.gateways.values()].every(gateway => gateway.acknowledged >= (one.routedAtGeneration ?? 0n))
  }

  #word(one: ServiceInstance): RuntimeObservation {
    const process = this.processes.get(one.id)
    if (!process) return { state: 'not_found' }
    if (process.broken && this.nowMs > process.startsAtMs) {
      return { state: 'ended', reason: 'Exited', exitCode: 1, signal: null, message: '' }
    }
    if (this.nowMs <= process.startsAtMs) return { state: 'starting' }
    return { state: 'running', ready: process.healthy, host: 'h', port: 1, connections: this.inFlight.get(one.id) ?? 0 }
  }

  #change(id: string, change: Partial<ServiceInstance>): void {
    this.instances = this.instances.map(one => (one.id === id ? { ...one, ...change } : one))
  }

  #apply(action: Action): void {
    switch (action.do) {
      case 'create': {
        const { replacesId, crashCount, version } = action
        const fresh = { phase: 'waiting' as const, machineId: null, version, createdAt: at(this.nowMs) }
        this.instances.push(anInstance(`i${++this.#made}`, { ...fresh, replacesId, crashCount }))
        return
      }
      case 'launch': {
        const broken = this.instances.find(one => one.id === action.id)?.version === this.brokenVersion
        this.processes.set(action.id, { startsAtMs: this.nowMs + 1_000, broken, healthy: true })
        return
      }
      case 'admit':
        this.#change(action.id, {
          ...{ phase: 'ready', ready: true, readyAt: at(this.nowMs), routedAtGeneration: ++this.generation },
          ...{ host: action.host, port: action.port },
        })
        return
      case 'suspend':
        this.generation++
        this.#change(action.id, { ready: false, routedAtGeneration: null })
        return
      case 'leave': {
        const { because, id } = action
        const leaving = { phase: 'leaving' as const, leavingBecause: because, leavingAt: at(this.nowMs) }
        this.#change(id, { ...leaving, unroutedAtGeneration: ++this.generation })
        return
      }
      case 'pause':
        if (this.rollout) this.rollout = { ...this.rollout, pause: action.pause }
        return
      case 'settle':
        this.rollout = null
        return
      case 'stop':
        if (!action.cut && (this.inFlight.get(action.id) ?? 0) > 0) {
          this.violations.push(`${action.id} stopped with requests in flight`)
        }
        this.processes.delete(action.id)
        this.#change(action.id, { phase: 'stopping', leavingBecause: action.because })
        return
      case 'drop_restart':
        this.#change(action.id, { processRestart: null })
        return
      case 'keep_out':
        this.#change(action.id, { leavingBecause: action.because, processRestart: null })
        return
      case 'start_again':
        this.processes.delete(action.id)
        this.inFlight.delete(action.id)
        this.#change(action.id, {
          ...{ phase: 'starting', ready: false, leavingBecause: null, leavingAt: null, processRestart: null },
          ...{ routedAtGeneration: null, unroutedAtGeneration: null, readyAt: null },
        })
        return
      case 'end':
        this.processes.delete(action.id)
        this.inFlight.delete(action.id)
        this.instances = this.instances.filter(one => one.id !== action.id)
        return
    }
  }

  /** Room for one each; held machines take none. */
  #place(actions: readonly Action[]): void {
    for (const action of actions) {
      if (action.do !== 'place') continue
      const index = this.machines.findIndex(({ slots, verdict }, at) => {
        return verdict === 'stay' && this.instances.filter(one => one.machineId === `m${at}`).length < slots
      })
      if (index < 0) this.#change(action.id, { waitingReason: { code: 'NoRoom', message: 'no room' } })
      else this.#change(action.id, { phase: 'starting', machineId: `m${index}`, waitingReason: null })
    }
  }

  #letGo = ({ machineId }: ServiceInstance): boolean =>
    this.machines.some(({ verdict, overridden }, index) => {
      return machineId === `m${index}` && verdict === 'move' && overridden === true
    })

  /** A decision may take away what serves only where something else serves for it. A pair serves as one. */
  #judge(before: readonly ServiceInstance[], actions: readonly Action[]): void {
    const taken = actions.filter(action => action.do === 'leave' && before.some(one => one.id === action.id))
    if (taken.length === 0) return
    const slots = before.filter(one => !before.some(other => other.id === one.replacesId)).length
    // What a person lets go counts as if it were there: nobody else may make use of it.
    const isTaken = ({ id }: ServiceInstance) => taken.some(action => 'id' in action && action.id === id)
    const letGo = before.filter(one => isTaken(one) && (this.#letGo(one) || one.processRestart?.acceptGap === true))
    const after = before.length - taken.length + letGo.length
    const spares = (action: Action) =>
      action.do === 'leave' && (action.because === 'updated' || action.because === 'process_restarted')
    const floor = Math.min(slots, this.replicas) - (taken.some(spares) ? this.maxUnavailable : 0)
    if (after < Math.max(floor, this.replicas === 0 ? 0 : 1)) {
      this.violations.push(
        `${before.length} served of ${this.replicas}, ${after} are left after ${JSON.stringify(taken)}`,
      )
    }
  }
}
