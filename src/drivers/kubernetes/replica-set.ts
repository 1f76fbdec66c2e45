// What a service instance is on Kubernetes: a ReplicaSet of one pod, tied to its machine. Pure. Of a service's JSON it takes
// the image, the command, variables, sizes, port and health check, each to its own place, and nothing else: there is no way
// from there to a field of a pod that we have not named here.

import { modelServerNodeArgs } from '../../lib/node-args.ts'
import type { HealthCheck, Launch, OnnxProgram } from '../../services/driver.ts'
import { fetchModelArgs, modelServerArgs } from '../model-server-program.ts'
import {
  containerName,
  fetchContainerName,
  groupLabel,
  labelsOf,
  machineLabel,
  namespaceOf,
  notesOf,
  processLabel,
  processName,
  serviceName,
} from './pod-labels.ts'
import type { Manifest } from './pod-objects.ts'
import type { PodSettings } from './settings.ts'

/** EAS's default. */
const portDefault = 8_000
const modelsDirectory = '/models'

export const portOf = ({ program }: Pick<Launch, 'program'>): number =>
  program.kind === 'image' ? (program.port ?? portDefault) : portDefault

/** Given by the engine; a service's own values do not count. */
export const reservedVariables: readonly string[] = [
  'HOST',
  'PORT',
  'BERTH_INSTANCE_ID',
  'NVIDIA_VISIBLE_DEVICES',
  'NVIDIA_DRIVER_CAPABILITIES',
]

export function replicaSetOf(launch: Launch, settings: PodSettings): Manifest {
  const labels = labelsOf(launch, settings.installationId)
  if ((launch.mounts ?? []).length > 0)
    throw new Error('Kubernetes mounts no directories of nodes: the deployment should have been refused')
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...{ name: processName(launch), namespace: namespaceOf(launch.accountId), labels },
      annotations: notesOf(launch, portOf(launch)),
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: { [processLabel]: labels[processLabel] } },
      template: { metadata: { labels }, spec: podSpecOf(launch, settings) },
    },
  }
}

function podSpecOf(launch: Launch, settings: PodSettings): object {
  const { program } = launch
  const { runAsUser, tolerated } = settings
  return {
    restartPolicy: 'Always',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: Math.ceil(launch.graceMs / 1000),
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [onlyOn(launch.machineId)] },
      },
    },
    // Of machines those of its own group alone, whatever else they are marked with.
    tolerations: [
      { key: groupLabel, operator: 'Equal', value: launch.groupId, effect: 'NoSchedule' },
      // A node that is not heard of may well run: whether what runs there is given up says Berth, and no clock of five minutes.
      ...['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready'].map(key => ({
        ...{ key, operator: 'Exists', effect: 'NoExecute' },
      })),
      ...tolerated.filter(key => key !== groupLabel).map(key => ({ key, operator: 'Exists', effect: 'NoSchedule' })),
    ],
    securityContext: {
      runAsNonRoot: true,
      ...{ runAsUser, runAsGroup: runAsUser, fsGroup: runAsUser },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(launch.registryAuth ? { imagePullSecrets: [{ name: serviceName(launch.serviceId) }] } : {}),
    ...(program.kind === 'onnx' ? { initContainers: [fetchOf(launch, program, settings)] } : {}),
    containers: [containerOf(launch, settings)],
    volumes: [{ name: 'tmp', emptyDir: {} }, ...(program.kind === 'onnx' ? [{ name: 'models', emptyDir: {} }] : [])],
  }
}

const onlyOn = (machineId: string): object => ({
  matchExpressions: [{ key: machineLabel, operator: 'In', values: [machineId] }],
})

function containerOf(launch: Launch, settings: PodSettings): object {
  const { program } = launch
  const port = portOf(launch)
  const given = (text: string): string => literal(text.replaceAll('{PORT}', String(port)))
  return {
    name: containerName,
    ...(program.kind === 'onnx' ? modelServerOf(program, settings) : programOf(program, settings, given)),
    env: Object.entries(environmentOf(launch)).map(([name, value]) => ({ name, value: given(value) })),
    ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }],
    resources: resourcesOf(launch, settings),
    ...probesOf(launch.health, port),
    securityContext: containerSecurity(settings.readOnlyRoot || program.kind === 'onnx'),
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      ...(program.kind === 'onnx' ? [{ name: 'models', mountPath: modelsDirectory, readOnly: true }] : []),
    ],
  }
}

function programOf(
  program: Exclude<Launch['program'], OnnxProgram>,
  settings: PodSettings,
  given: (text: string) => string,
): object {
  if (program.kind !== 'image') throw new Error('Kubernetes runs images: the deployment should have been refused')
  const { argv, args = [] } = program
  return {
    image: fromMirror(program.image, settings.imageMirror),
    // A command takes the place of the image's own program, arguments alone go to it.
    ...(argv.length > 0 ? { command: argv.map(given) } : args.length > 0 ? { args: args.map(given) } : {}),
  }
}

function modelServerOf(program: OnnxProgram, settings: PodSettings): object {
  const args = [...modelServerNodeArgs, ...modelServerArgs(program, modelsDirectory)]
  return { image: modelServerImage(settings), args: args.map(literal) }
}

/** Fetches what the model server reads. */
function fetchOf(launch: Launch, program: OnnxProgram, settings: PodSettings): object {
  const args = fetchModelArgs(program, modelsDirectory, settings.modelNetworks)
  return {
    name: fetchContainerName,
    image: modelServerImage(settings),
    args: args.map(literal),
    resources: resourcesOf(launch, settings),
    securityContext: containerSecurity(true),
    // Why there is no model: the last of its log.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'models', mountPath: modelsDirectory },
    ],
  }
}

function modelServerImage({ modelServerImage: image, imageMirror }: PodSettings): string {
  if (image === null) throw new Error('kubernetes.modelServerImage is not set: the deployment should have been refused')
  return fromMirror(image, imageMirror)
}

function environmentOf(launch: Launch): Record<string, string> {
  const own = Object.entries(launch.env).filter(([name]) => !reservedVariables.includes(name))
  return {
    HOST: '0.0.0.0',
    ...Object.fromEntries(own),
    // Where NVIDIA's runtime is the node's default it would give every card to those who asked for none.
    ...(launch.gpuIndexes.length === 0 ? { NVIDIA_VISIBLE_DEVICES: 'void' } : {}),
    PORT: String(portOf(launch)),
    BERTH_INSTANCE_ID: launch.serviceInstanceId,
  }
}

/** Kubernetes puts variables in place of `$(NAME)`, and `$` in place of `$$`: what was written stays as it was written. */
const literal = (text: string): string => text.replaceAll('$', '$$$$')

function resourcesOf({ cpuMilli, memoryMiB, gpuIndexes }: Launch, { ephemeralStorageMib }: PodSettings): object {
  const all = {
    cpu: `${cpuMilli}m`,
    memory: `${memoryMiB}Mi`,
    'ephemeral-storage': `${ephemeralStorageMib}Mi`,
    ...(gpuIndexes.length === 0 ? {} : { 'nvidia.com/gpu': String(gpuIndexes.length) }),
  }
  return { requests: all, limits: all }
}

const containerSecurity = (readOnlyRootFilesystem: boolean): object => ({
  allowPrivilegeEscalation: false,
  privileged: false,
  ...{ readOnlyRootFilesystem, capabilities: { drop: ['ALL'] } },
})

/** Whole seconds, one at least: the kubelet knows no less. */
const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000))

function probesOf(health: HealthCheck, port: number): object {
  const look = health.path === null ? { tcpSocket: { port } } : { httpGet: { path: health.path, port, scheme: 'HTTP' } }
  const periodSeconds = seconds(health.periodMs)
  const timeoutSeconds = seconds(health.timeoutMs)
  return {
    // Not ready in its time it is killed: `outcome.ts` tells that from other ends.
    startupProbe: { ...look, periodSeconds: 1, timeoutSeconds, failureThreshold: seconds(health.startTimeoutMs) },
    readinessProbe: { ...look, periodSeconds, timeoutSeconds, failureThreshold: health.failureThreshold },
    ...(health.endAfterMs === undefined
      ? {}
      : {
          livenessProbe: {
            ...look,
            periodSeconds,
            timeoutSeconds,
            failureThreshold: Math.max(1, Math.ceil(health.endAfterMs / 1000 / periodSeconds)),
          },
        }),
  }
}

/** An image that names its registry stays as it is: the operator's mirror stands for the public one alone. */
export function fromMirror(image: string, mirror: string | null): string {
  if (mirror === null) return image
  const [first = '', ...rest] = image.split('/')
  const namesRegistry = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost')
  if (namesRegistry && first !== 'docker.io') return image
  return `${mirror}/${namesRegistry ? rest.join('/') : image}`
}
