// A launch and settings for tests of what becomes of them.

import type { PodSettings } from '../../src/drivers/kubernetes/settings.ts'
import type { Launch } from '../../src/services/driver.ts'

export const podSettings: PodSettings = {
  installationId: 'one',
  systemNamespace: 'berth-system',
  gatewayNetworks: [],
  tolerated: [],
  runAsUser: 65_532,
  readOnlyRoot: true,
  ephemeralStorageMib: 10_240,
  modelServerImage: null,
  modelNetworks: [],
  imageMirror: null,
}

export const aPodLaunch = (
  program: Partial<Extract<Launch['program'], { kind: 'image' }>> = {},
  change: Partial<Launch> = {},
): Launch => ({
  ...{ serviceInstanceId: 'digits-1', restartCount: 0, machineId: 'eas-i-1', serviceId: 'eas-m-1' },
  ...{ accountId: 'acc-1', groupId: 'eas-r-1', graceMs: 30_000 },
  program: { kind: 'image', image: 'acme/digits:2', argv: [], port: null, ...program },
  ...{ env: {}, cpuMilli: 1_500, memoryMiB: 512, gpuIndexes: [] },
  health: { path: '/up', startTimeoutMs: 20_000, periodMs: 500, timeoutMs: 2_000, failureThreshold: 3 },
  ...change,
})
