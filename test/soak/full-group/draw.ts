// What one full group goes through, drawn from a seed: machines that its services fill to the last core or card, and what people
// do to it meanwhile. Pure.
import { Dice } from '../dice.ts'

/** Of a machine of the test fleet. */
export const machineSize = { cpu: 8, gpu: 2 } as const

export interface DrawnService {
  name: string
  resource: keyof typeof machineSize
  /** Of the resource, for each instance. */
  size: number
  replicas: number
  maxSurge: number
  maxUnavailable: number
  noRoom: 'ask' | 'swap'
}

/** `broken` crashes at its start, `hanging` never gets ready. */
export type VersionKind = 'good' | 'broken' | 'hanging'

/** Of a service or a machine by its index; where there are fewer, it starts from the first again. */
export type Act =
  | { do: 'update'; service: number; version: VersionKind; size: 'same' | 'half' | 'double' }
  | { do: 'drain'; machines: number[]; deadlineSeconds: number }
  | { do: 'override' | 'cancel_drain' | 'uncordon' | 'cordon'; machine: number }
  | { do: 'go_first'; service: number; lastToo: boolean }
  | { do: 'roll_back' | 'abort' | 'pause' | 'resume' | 'restart' | 'restart_one'; service: number }
  | { do: 'restart_process'; service: number; acceptGap: boolean; all: boolean }
  | { do: 'scale'; service: number; replicas: number }

/** How its person answers what it asks. */
export type Answer = 'go_first' | 'give_up' | 'room'

export interface DrawnGroup {
  number: number
  machines: number
  services: DrawnService[]
  /** In the order of their time. */
  acts: { atSecond: number; act: Act }[]
  answer: Answer
}

export const actSeconds = 12

export function drawGroup(seed: string, number: number): DrawnGroup {
  const dice = new Dice(`${seed} full group ${number}`)
  const machines = dice.weighted([
    [3, 1],
    [5, 2],
    [1, 3],
  ])
  const services = drawServices(dice, machines)
  const kind = dice.weighted<'updates' | 'drains' | 'both'>([
    [5, 'updates'],
    [2, 'drains'],
    [3, 'both'],
  ])
  const opening = [
    ...(kind === 'drains' ? [] : [drawUpdate(dice)]),
    ...(kind === 'updates' ? [] : [drawDrain(dice, machines)]),
  ]
  const more = Array.from({ length: dice.below(5) }, () => {
    return kind !== 'updates' && dice.chance(2) ? drawOfMachine(dice, machines) : drawOfService(dice)
  })
  const acts = [
    ...opening.map(act => ({ atSecond: 1 + dice.below(4), act })),
    ...more.map(act => ({ atSecond: 2 + dice.below(actSeconds - 2), act })),
  ]
  return {
    ...{ number, machines, services },
    acts: acts.toSorted((a, b) => a.atSecond - b.atSecond),
    answer: dice.oneOf(['go_first', 'give_up', 'room'] as const) ?? 'room',
  }
}

/** Every machine is cut into equal parts, and parts of one size are shared out: so they fit however they are placed. */
function drawServices(dice: Dice, machines: number): DrawnService[] {
  const resource = dice.chance(5) ? 'gpu' : 'cpu'
  const whole = machineSize[resource]
  const parts = new Map<number, number>()
  for (let machine = 0; machine < machines; machine++) {
    const cut = dice.weighted<number>(
      resource === 'gpu'
        ? [
            [2, 1],
            [3, 2],
          ]
        : [
            [1, 1],
            [4, 2],
            [1, 4],
          ],
    )
    parts.set(whole / cut, (parts.get(whole / cut) ?? 0) + cut)
  }
  const services: DrawnService[] = []
  for (const [size, count] of [...parts].toSorted(([a], [b]) => b - a)) {
    for (let left = count; left > 0; ) {
      const replicas = Math.min(left, dice.oneOf([1, 2, 3, 3, 3]) ?? 3)
      const maxUnavailable = dice.oneOf([0, 1, 1, 1, 2]) ?? 1
      const noRoom = dice.chance(3) ? 'swap' : 'ask'
      const name = `s${services.length}`
      services.push({ name, resource, size, replicas, maxSurge: 1 + dice.below(2), maxUnavailable, noRoom })
      left -= replicas
    }
  }
  return services
}

function drawUpdate(dice: Dice): Act {
  const version = dice.weighted<VersionKind>([
    [5, 'good'],
    [2, 'broken'],
    [1, 'hanging'],
  ])
  const size = dice.weighted<'same' | 'half' | 'double'>([
    [6, 'same'],
    [1, 'half'],
    [2, 'double'],
  ])
  return { do: 'update', service: dice.below(6), version, size }
}

function drawDrain(dice: Dice, machines: number): Act {
  const drained = Array.from({ length: machines }, (_, index) => index).filter(() => dice.chance(2))
  return {
    do: 'drain',
    machines: drained.length > 0 ? drained : [dice.below(machines)],
    deadlineSeconds: dice.chance(2) ? 30 : 3_600,
  }
}

function drawOfMachine(dice: Dice, machines: number): Act {
  const machine = dice.below(machines)
  return dice.weighted<Act>([
    [3, drawDrain(dice, machines)],
    [3, { do: 'cancel_drain', machine }],
    [2, { do: 'override', machine }],
    [1, { do: 'cordon', machine }],
    [1, { do: 'uncordon', machine }],
  ])
}

function drawOfService(dice: Dice): Act {
  const service = dice.below(6)
  return dice.weighted<Act>([
    [3, drawUpdate(dice)],
    [3, { do: 'go_first', service, lastToo: dice.chance(2) }],
    [3, { do: 'scale', service, replicas: dice.below(5) }],
    [2, { do: 'roll_back', service }],
    [2, { do: 'restart', service }],
    [1, { do: 'restart_one', service }],
    [3, { do: 'restart_process', service, acceptGap: dice.chance(3), all: dice.chance(2) }],
    [1, { do: 'abort', service }],
    [1, { do: 'pause', service }],
    [1, { do: 'resume', service }],
  ])
}
