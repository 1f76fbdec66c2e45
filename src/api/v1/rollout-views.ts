// How a rollout stands, as callers see it.
import { z } from 'zod'
import type { RolloutPause } from '../../services/rollout/rollout-phase.ts'
import { instant } from './fields.ts'

export const RolloutPauseView = z.object({
  because: z.enum(['failing', 'asked']),
  at: instant,
  by: z.string().nullable().describe('Who asked for it.'),
  reason: z.string().nullable(),
  failure: z
    .object({
      code: z.enum(['Crashing', 'NotReady']),
      count: z.number().int().nullable().describe('Ends in a row, of what the rollout started.'),
      deadlineSeconds: z.number().int().nullable().describe('In which something of it did not get ready.'),
      serviceInstanceId: z.string().nullable(),
    })
    .nullable(),
})

export function pauseView(pause: RolloutPause): z.infer<typeof RolloutPauseView> {
  const { because, at } = pause
  if (pause.because === 'asked') return { because, at, by: pause.by, reason: pause.reason, failure: null }
  const { failure } = pause
  const facts =
    failure.code === 'Crashing'
      ? { count: failure.count, deadlineSeconds: null, serviceInstanceId: null }
      : {
          ...{ count: null, deadlineSeconds: Math.round(failure.deadlineMs / 1000) },
          serviceInstanceId: failure.serviceInstanceId,
        }
  return { because, at, by: null, reason: null, failure: { code: failure.code, ...facts } }
}
