// Which of the machines that fit is best, as one total order: the same snapshot gives the same plan, whatever its order.
// 1. A machine that leaves within two hours takes something new only where no other does.
// 2. Spread, where it is asked for: the machine or the zone with the fewest of the same service.
// 3. A machine with cards is kept for those who ask for cards.
// 4. Long before short: what is served goes on after a machine's paid time.
// 5. Pack: the one that is left with least, so that whole machines stay free for what is large, can be drained or given back.
// 6. By id.
import type { MachineRoom, Wanted } from './snapshot.ts'

export type Candidate = Pick<
  MachineRoom,
  'machineId' | 'term' | 'freeCpuMilli' | 'freeMemoryMib' | 'freeGpuCount' | 'gpuMemoryMib'
>

/** Negative when `a` is the better choice. `together`: how many of the same service are there, or in its zone. */
export function compareRooms(
  a: Candidate,
  b: Candidate,
  want: Pick<Wanted, 'gpuCount'>,
  together: (room: Candidate) => number = () => 0,
): number {
  const is = (value: boolean): number => Number(value)
  return (
    is(a.term === 'ending') - is(b.term === 'ending') ||
    together(a) - together(b) ||
    (want.gpuCount > 0 ? 0 : is(a.gpuMemoryMib > 0) - is(b.gpuMemoryMib > 0)) ||
    is(a.term === 'short') - is(b.term === 'short') ||
    a.freeGpuCount - b.freeGpuCount ||
    a.freeMemoryMib - b.freeMemoryMib ||
    a.freeCpuMilli - b.freeCpuMilli ||
    (a.machineId < b.machineId ? -1 : a.machineId > b.machineId ? 1 : 0)
  )
}
