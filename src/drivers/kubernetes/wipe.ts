// Between two tenants of a node: the operator's own program, run there as a Job, and what its end means. Pure. Without one a
// node is given back as it is.
import type { Condition, KubeObject } from './api/objects.ts'
import { installationLabel, machineLabel } from './pod-labels.ts'

export interface WipeSettings {
  image: string
  command: readonly string[]
  /** Directories of the node, mounted at the same place. */
  paths: readonly string[]
  /** As root of the node: for programs that write to its devices. */
  privileged: boolean
  timeoutSeconds: number
}

export interface Job extends KubeObject {
  spec?: unknown
  status?: { succeeded?: number; failed?: number; conditions?: Condition[] }
}

export const wipeLabel = 'berth.dev/wipes'

export const wipeJobName = (machineId: string): string => `berth-wipe-${machineId}`

export function wipeJobOf(
  {
    nodeName,
    machineId,
    installationId,
    namespace,
  }: Record<'nodeName' | 'machineId' | 'installationId' | 'namespace', string>,
  { image, command, paths, privileged, timeoutSeconds }: WipeSettings,
): Job {
  const mounts = paths.map((path, index) => ({ name: `path-${index}`, path }))
  const container = {
    ...{ name: 'wipe', image, command: [...command] },
    env: [{ name: 'NODE_NAME', value: nodeName }],
    volumeMounts: mounts.map(({ name, path }) => ({ name, mountPath: path })),
    ...(privileged ? { securityContext: { privileged: true } } : {}),
  }
  const labels = { [wipeLabel]: machineId }
  return {
    metadata: {
      name: wipeJobName(machineId),
      namespace,
      labels: { ...labels, [machineLabel]: machineId, [installationLabel]: installationId },
    },
    spec: {
      // A second try of a program that destroys things is the operator's to decide.
      ...{ backoffLimit: 0, activeDeadlineSeconds: timeoutSeconds },
      template: {
        metadata: { labels },
        spec: {
          ...{ nodeName, restartPolicy: 'Never', automountServiceAccountToken: false },
          tolerations: [{ operator: 'Exists' }],
          containers: [container],
          volumes: mounts.map(({ name, path }) => ({ name, hostPath: { path, type: 'Directory' } })),
        },
      },
    },
  }
}

export type WipeOutcome = { state: 'running' } | { state: 'done' } | { state: 'failed'; because: string }

export function wipeOutcome(job: Job | null): WipeOutcome {
  const isTrue = (type: string): Condition | undefined =>
    job?.status?.conditions?.find(one => one.type === type && one.status === 'True')
  if (isTrue('Complete')) return { state: 'done' }
  const failed = isTrue('Failed')
  if (!failed) return { state: 'running' }
  return { state: 'failed', because: [failed.reason, failed.message].filter(Boolean).join(': ') || 'it failed' }
}
