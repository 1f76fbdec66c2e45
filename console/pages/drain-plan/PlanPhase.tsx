import type { Item } from '../../api.ts'
import { plans } from '../../i18n/plans.ts'
import { textFrom } from '../../i18n/t.ts'
import { Tag, type Tone } from '../../ui/Tag.tsx'

type Plan = Item<'GET /v1/drain-plans'>

const tones: Record<Plan['phase'], Tone> = { running: 'info', paused: 'warning', done: 'success', cancelled: 'neutral' }
const machineTones: Record<Plan['machines'][number]['phase'], Tone> = {
  waiting: 'neutral',
  draining: 'info',
  drained: 'success',
  failed: 'error',
  skipped: 'neutral',
}

export const PlanPhase = ({ phase }: Pick<Plan, 'phase'>) => (
  <Tag tone={tones[phase]}>{textFrom(plans, `plans.phase.${phase}`)}</Tag>
)

export const PlanMachinePhase = ({ phase }: Pick<Plan['machines'][number], 'phase'>) => (
  <Tag tone={machineTones[phase]}>{textFrom(plans, `plans.machine.${phase}`)}</Tag>
)

export const drainedOf = ({ machines }: Plan): string =>
  textFrom(plans, 'plans.progressOf', {
    done: machines.filter(machine => machine.phase === 'drained').length,
    total: machines.length,
  })
