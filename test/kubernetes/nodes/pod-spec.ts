// What the node double reads of a pod, and what a kubelet makes of it: variables expanded as Kubernetes does.
import type { AnyObject } from '../../../src/drivers/kubernetes/api/objects.ts'

export interface Probe {
  httpGet?: { path: string; port: number }
  tcpSocket?: { port: number }
  periodSeconds: number
  timeoutSeconds: number
  failureThreshold: number
}

export interface Container {
  name: string
  image: string
  command?: string[]
  args?: string[]
  env?: { name: string; value?: string }[]
  startupProbe?: Probe
  readinessProbe?: Probe
  livenessProbe?: Probe
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  volumeMounts?: { name: string; mountPath: string }[]
}

export interface PodObject extends AnyObject {
  spec: {
    nodeName?: string
    containers: Container[]
    initContainers?: Container[]
    terminationGracePeriodSeconds?: number
    tolerations?: Toleration[]
    affinity?: { nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeTerm[] } } }
  }
  status?: { phase?: string; [field: string]: unknown }
}

export interface Toleration {
  key?: string
  operator?: string
  value?: string
  effect?: string
}

export interface NodeTerm {
  matchExpressions?: { key: string; operator: 'In'; values: string[] }[]
}

/** `$(NAME)` is a variable's value, `$$` is `$`. */
export function expanded(text: string, env: Record<string, string>): string {
  return text.replaceAll(/\$(\$|\(([A-Za-z_][A-Za-z0-9_]*)\))/g, (whole, what: string, name: string) =>
    what === '$' ? '$' : (env[name] ?? whole),
  )
}

export function environmentOf({ env = [] }: Container): Record<string, string> {
  const all: Record<string, string> = {}
  for (const { name, value = '' } of env) all[name] = expanded(value, all)
  return all
}
