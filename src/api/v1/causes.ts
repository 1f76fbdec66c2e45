// Why a service or an instance is as it is, as facts: a code, and what belongs to it.
import { z } from 'zod'
import { machineId } from './fields.ts'

export const Demand = z.object({
  cpuMilli: z.number().int(),
  memoryMib: z.number().int(),
  gpuCount: z.number().int(),
  gpuMemoryMib: z.number().int().describe('On one card.'),
})

export const machineCounts = z.object({
  total: z.number().int(),
  open: z.number().int(),
  held: z.number().int(),
  lost: z.number().int(),
  notRunning: z.number().int(),
})

export const noRoomView = z.object({
  code: z.enum(['NoMachine', 'NoOpenMachine', 'NoRoom']),
  message: z.string(),
  missing: Demand.nullable().describe('What is short on the machine that comes closest.'),
  nearestMachineId: machineId.nullable(),
  helps: z
    .array(
      z.discriminatedUnion('change', [
        z.object({ change: z.literal('shrink'), machineId, to: Demand.describe('Asking for this, it fits there.') }),
        z.object({ change: z.literal('uncordon'), machineId, cordonedBy: z.array(z.string()) }),
      ]),
    )
    .describe('Each would be enough by itself. Where none is named, only another machine helps.'),
  machines: machineCounts,
})

const Ended = z.object({
  code: z.literal('Ended'),
  reason: z.string().nullable(),
  exitCode: z.number().int().nullable(),
  signal: z.string().nullable(),
  message: z.string().nullable(),
})

export const CauseView = z.discriminatedUnion('code', [
  z.object({ code: z.literal('Counts'), running: z.number().int(), wanted: z.number().int() }),
  z.object({ code: z.literal('Ending'), count: z.number().int() }),
  z.object({
    code: z.enum(['StoppedOnRequest', 'ScaledToZero', 'ScaledToZeroWakes', 'HealthCheckFails', 'Paused', 'Frozen']),
  }),
  z.object({ code: z.literal('NotReadyInTime'), seconds: z.number().int() }),
  z.object({ code: z.literal('CrashLoop'), count: z.number().int(), last: Ended.nullable() }),
  z.object({ code: z.literal('Leaving'), because: z.string() }),
  z.object({
    code: z.literal('DiskPressure'),
    of: z.enum(['machine', 'host']).describe('Whose disk is nearly full.'),
    usedBytes: z.number().int().describe('What the instance takes of it: the most of all there.'),
    freeBytes: z.number().int(),
    diskBytes: z.number().int(),
    atOnce: z.boolean().describe('It ends without waiting for one in its place.'),
  }),
  z.object({
    code: z.literal('Fetching'),
    url: z.string(),
    receivedBytes: z.number().int(),
    totalBytes: z.number().int().nullable().describe('null: the server does not say.'),
    failures: z.number().int().describe('In a row.'),
    problem: z.string().nullable(),
  }),
  noRoomView,
  Ended,
])
