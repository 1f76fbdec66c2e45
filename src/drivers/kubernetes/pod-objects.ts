// What we read of pods and ReplicaSets, by the names of Kubernetes' API.

import type { Metadata } from './api/objects.ts'

export type PodMeta = Metadata

export interface ReplicaSet {
  metadata: PodMeta
  spec?: { replicas?: number }
  status?: { conditions?: PodCondition[] | undefined }
}

export interface PodCondition {
  type: string
  status: string
  reason?: string
  message?: string
  lastTransitionTime?: string | null
}

export interface Terminated {
  exitCode: number
  signal?: number
  reason?: string
  message?: string
  startedAt?: string | null
  finishedAt?: string | null
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string }
  running?: { startedAt?: string | null }
  terminated?: Terminated
}

export interface ContainerStatus {
  name: string
  ready: boolean
  restartCount: number
  state?: ContainerState
  lastState?: ContainerState
}

export interface Pod {
  metadata: PodMeta
  status?: {
    phase?: string | undefined
    podIP?: string | undefined
    reason?: string | undefined
    message?: string | undefined
    conditions?: PodCondition[] | undefined
    containerStatuses?: ContainerStatus[] | undefined
    initContainerStatuses?: ContainerStatus[] | undefined
  }
}

/** A whole object as it is sent. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: PodMeta
  [field: string]: unknown
}
