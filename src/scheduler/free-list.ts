// Machines of one kind in the order of what is free on them, memory first, then vCPU, then number: the first that fits is the
// one to pack. Kept as short sorted blocks of numbers, each with the most vCPU in it, so that finding, taking out and putting
// back cost the same whether a group has ten machines or ten thousand.

/** What is free, by machine number. Whoever changes it takes the machine out of its list before, and puts it back after. */
export interface Free {
  cpuMilli: Int32Array
  memoryMib: Int32Array
  gpuCount: Int32Array
}

interface Block {
  machines: Int32Array
  length: number
  mostCpuMilli: number
}

const blockLength = 128

export class FreeList {
  readonly #free: Free
  #blocks: Block[] = []

  constructor(free: Free, machines: readonly number[] = []) {
    this.#free = free
    const sorted = machines.toSorted((a, b) => this.#compare(a, b))
    for (let start = 0; start < sorted.length; start += blockLength / 2) {
      this.#blocks.push(this.#blockOf(Int32Array.from(sorted.slice(start, start + blockLength / 2))))
    }
  }

  /** The first with so much free that is not to be skipped; -1: none. */
  first(memoryMib: number, cpuMilli: number, skip: ((machine: number) => boolean) | null): number {
    const { cpuMilli: cpu, memoryMib: memory } = this.#free
    for (let at = this.#blockWith(memoryMib); at < this.#blocks.length; at++) {
      const { machines, length, mostCpuMilli } = this.#blocks[at] as Block
      if (mostCpuMilli < cpuMilli) continue
      for (let index = 0; index < length; index++) {
        const machine = machines[index] as number
        const fits = (memory[machine] as number) >= memoryMib && (cpu[machine] as number) >= cpuMilli
        if (fits && !skip?.(machine)) return machine
      }
    }
    return -1
  }

  insert(machine: number): void {
    const at = Math.min(this.#blockOfMachine(machine), this.#blocks.length - 1)
    const block = this.#blocks[at]
    if (!block) {
      this.#blocks.push(this.#blockOf(Int32Array.of(machine)))
      return
    }
    const index = this.#indexIn(block, machine)
    block.machines.copyWithin(index + 1, index, block.length)
    block.machines[index] = machine
    block.length++
    block.mostCpuMilli = Math.max(block.mostCpuMilli, this.#free.cpuMilli[machine] as number)
    if (block.length === blockLength) this.#split(at)
  }

  remove(machine: number): void {
    const at = this.#blockOfMachine(machine)
    const block = this.#blocks[at] as Block
    const index = this.#indexIn(block, machine)
    block.machines.copyWithin(index, index + 1, block.length)
    block.length--
    if (block.length === 0) this.#blocks.splice(at, 1)
    else if (this.#free.cpuMilli[machine] === block.mostCpuMilli) block.mostCpuMilli = this.#mostCpuOf(block)
  }

  #compare(a: number, b: number): number {
    const { cpuMilli, memoryMib } = this.#free
    return (
      (memoryMib[a] as number) - (memoryMib[b] as number) || (cpuMilli[a] as number) - (cpuMilli[b] as number) || a - b
    )
  }

  /** The first block whose last machine is not before what is looked for. */
  #find(isBefore: (last: number) => boolean): number {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const { machines, length } = this.#blocks[middle] as Block
      if (isBefore(machines[length - 1] as number)) low = middle + 1
      else high = middle
    }
    return low
  }

  #blockWith = (memoryMib: number): number => this.#find(last => (this.#free.memoryMib[last] as number) < memoryMib)

  #blockOfMachine = (machine: number): number => this.#find(last => this.#compare(last, machine) < 0)

  #indexIn({ machines, length }: Block, machine: number): number {
    let low = 0
    let high = length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compare(machines[middle] as number, machine) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #blockOf(machines: Int32Array): Block {
    const block = { machines: new Int32Array(blockLength), length: machines.length, mostCpuMilli: 0 }
    block.machines.set(machines)
    block.mostCpuMilli = this.#mostCpuOf(block)
    return block
  }

  #mostCpuOf({ machines, length }: Block): number {
    let most = this.#free.cpuMilli[machines[0] as number] as number
    for (let index = 1; index < length; index++) {
      const cpu = this.#free.cpuMilli[machines[index] as number] as number
      if (cpu > most) most = cpu
    }
    return most
  }

  #split(at: number): void {
    const { machines, length } = this.#blocks[at] as Block
    const half = length >> 1
    this.#blocks.splice(at, 1, this.#blockOf(machines.slice(0, half)), this.#blockOf(machines.slice(half, length)))
  }
}
