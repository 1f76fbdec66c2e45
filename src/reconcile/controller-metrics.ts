// What a controller says of itself, for Prometheus.
import type { Controller } from './controller.ts'
import { type Duties, dutyNames } from './duties.ts'

/** In Prometheus' text format. */
export function controllerMetrics(controller: Controller, duties: Duties): string {
  const held = dutyNames.map(name => `berth_duty_held{duty="${name}"} ${duties.held(name) === null ? 0 : 1}`)
  return [
    '# HELP berth_fenced_writes_total Writes that were refused because another controller had taken over',
    '# TYPE berth_fenced_writes_total counter',
    `berth_fenced_writes_total ${controller.refusedWrites}`,
    '# HELP berth_duty_held 1 while this controller has a duty',
    '# TYPE berth_duty_held gauge',
    ...held,
    '',
  ].join('\n')
}
