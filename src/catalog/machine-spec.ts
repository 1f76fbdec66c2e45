// What a machine is made of, as the catalog sells it. A machine keeps its own copy from the day it is bought.

export interface MachineSpec {
  specId: string
  /** Groups specs in lists: `general`, `gpu`. */
  family: string
  cpuMilli: number
  memoryMib: number
  gpuModel: string | null
  gpuCount: number
  /** Of one GPU. */
  gpuMemoryMib: number
}

/** `4 vCPU, 16 GiB, 1 × A10 24 GiB`. */
export function describeSpec(spec: MachineSpec): string {
  const base = `${spec.cpuMilli / 1000} vCPU, ${gib(spec.memoryMib)}`
  if (spec.gpuCount === 0) return base
  return `${base}, ${spec.gpuCount} × ${spec.gpuModel ?? 'GPU'} ${gib(spec.gpuMemoryMib)}`
}

const gib = (mib: number): string => `${mib % 1024 === 0 ? mib / 1024 : (mib / 1024).toFixed(1)} GiB`
