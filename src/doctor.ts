// `berth doctor --kubernetes`: whether the cluster of berth.yaml is as Berth needs it.
import type { Config } from './config/config.ts'
import { connectClusters } from './drivers/kubernetes/connect-cluster.ts'
import { examine } from './drivers/kubernetes/doctor.ts'
import { systemClock } from './lib/clock.ts'
import { environment } from './lib/env.ts'

/** Prints a line for each check; false where one has failed. */
export async function examineKubernetes({ kubernetes, catalog }: Config): Promise<boolean> {
  const { api, access, management, close } = connectClusters(kubernetes, { clock: systemClock, env: environment() })
  const sizes = new Map(catalog.specs.map(spec => [spec.specId, spec]))
  const regions = catalog.regions.filter(({ engine }) => engine === 'kubernetes')
  const offers = regions.flatMap(({ zones }) =>
    zones.flatMap(({ zoneId, offers: sold }) =>
      sold.flatMap(({ specId }) => {
        const { cpuMilli = 0, memoryMib = 0, gpuCount = 0 } = sizes.get(specId) ?? {}
        return [{ zoneId, specId, cpuMilli, memoryMib, gpuCount }]
      }),
    ),
  )
  try {
    const findings = await examine({
      ...{ api, managementApi: management.api, source: access.source, settings: kubernetes.machines, offers },
    })
    const marks = { ok: 'ok   ', warning: 'look ', failed: 'FAIL ' }
    for (const { check, state, message } of findings) console.log(`${marks[state]} ${check}: ${message}`)
    if (regions.length === 0) console.log('look  catalog: no region of berth.yaml has the engine kubernetes yet')
    const failed = findings.filter(({ state }) => state === 'failed').length
    console.log(`checks that failed: ${failed} (0)`)
    return failed === 0
  } finally {
    close()
  }
}
