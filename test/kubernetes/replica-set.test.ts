import { describe, expect, it } from 'vitest'
import { accountObjects, budgetOf, pullSecretOf, registryOf } from '../../src/drivers/kubernetes/account-objects.ts'
import { fromMirror, replicaSetOf } from '../../src/drivers/kubernetes/replica-set.ts'
import type { Launch } from '../../src/services/driver.ts'
import { aPodLaunch, podSettings } from './pod-launch.ts'

const podOf = (launch: Launch, settings = podSettings) => Object(replicaSetOf(launch, settings).spec).template.spec
const containerOf = (launch: Launch, settings = podSettings) => podOf(launch, settings).containers[0]

describe('a service instance on Kubernetes', () => {
  it('is a ReplicaSet of one pod, named after its process', () => {
    const set = replicaSetOf(aPodLaunch(), podSettings)
    expect(set).toMatchObject({ kind: 'ReplicaSet', metadata: { name: 'digits-1', namespace: 'berth-acc-1' } })
    expect(set.spec).toMatchObject({ replicas: 1, selector: { matchLabels: { 'berth.dev/process': 'digits-1' } } })
    const next = replicaSetOf(aPodLaunch({}, { restartCount: 2 }), podSettings)
    expect(next).toMatchObject({
      metadata: {
        name: 'digits-1-r2',
        labels: { 'berth.dev/process': 'digits-1_2', 'berth.dev/service-instance': 'digits-1' },
      },
    })
  })

  it('stands on its machine and no other, and tolerates the taint of its own group alone', () => {
    const { affinity, tolerations } = podOf(aPodLaunch())
    const { nodeSelectorTerms } = affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution
    expect(nodeSelectorTerms).toEqual([
      { matchExpressions: [{ key: 'berth.dev/machine', operator: 'In', values: ['eas-i-1'] }] },
    ])
    expect(tolerations).toEqual([
      { key: 'berth.dev/group', operator: 'Equal', value: 'eas-r-1', effect: 'NoSchedule' },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
    ])
  })

  it('asks for exactly what it may use', () => {
    const { resources, env } = containerOf(aPodLaunch())
    const all = { cpu: '1500m', memory: '512Mi', 'ephemeral-storage': '10240Mi' }
    expect(resources).toEqual({ requests: all, limits: all })
    expect(env).toContainEqual({ name: 'NVIDIA_VISIBLE_DEVICES', value: 'void' })
    const withCards = containerOf(aPodLaunch({}, { gpuIndexes: [2, 3] }))
    expect(withCards.resources.limits).toEqual({ ...all, 'nvidia.com/gpu': '2' })
    expect(withCards.env).not.toContainEqual(expect.objectContaining({ name: 'NVIDIA_VISIBLE_DEVICES' }))
  })

  it('has what the restricted Pod Security asks for, and no login of the cluster', () => {
    const pod = podOf(aPodLaunch())
    expect(pod).toMatchObject({
      ...{ restartPolicy: 'Always', automountServiceAccountToken: false, enableServiceLinks: false },
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      terminationGracePeriodSeconds: 30,
      volumes: [{ name: 'tmp', emptyDir: {} }],
    })
    expect(pod.containers[0].securityContext).toEqual({
      ...{ allowPrivilegeEscalation: false, privileged: false, readOnlyRootFilesystem: true },
      capabilities: { drop: ['ALL'] },
    })
  })

  it('a command takes the place of the image’s program, arguments alone go to it; what Kubernetes would expand stays', () => {
    const command = containerOf(aPodLaunch({ argv: ['serve', '--port={PORT}', '$(HOME)$$'], port: 80 }))
    expect(command).toMatchObject({ command: ['serve', '--port=80', '$$(HOME)$$$$'], ports: [{ containerPort: 80 }] })
    expect(command).not.toHaveProperty('args')
    const args = containerOf(aPodLaunch({ args: ['--listen', ':{PORT}'] }))
    expect(args).toMatchObject({ args: ['--listen', ':8000'] })
    expect(args).not.toHaveProperty('command')
  })

  it('what the engine gives can not be taken away by variables', () => {
    const env = {
      PORT: '1',
      HOST: '::',
      BERTH_INSTANCE_ID: 'another',
      NVIDIA_VISIBLE_DEVICES: 'all',
      AT: '{PORT}:$(X)',
    }
    expect(containerOf(aPodLaunch({}, { env })).env).toEqual([
      { name: 'HOST', value: '0.0.0.0' },
      { name: 'AT', value: '8000:$$(X)' },
      { name: 'NVIDIA_VISIBLE_DEVICES', value: 'void' },
      { name: 'PORT', value: '8000' },
      { name: 'BERTH_INSTANCE_ID', value: 'digits-1' },
    ])
  })

  it('is probed in whole seconds: to start, to be ready, and to live only where a liveness check says so', () => {
    const httpGet = { path: '/up', port: 8_000, scheme: 'HTTP' }
    const container = containerOf(aPodLaunch())
    expect(container.startupProbe).toEqual({ httpGet, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 20 })
    expect(container.readinessProbe).toEqual({ httpGet, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 3 })
    expect(container).not.toHaveProperty('livenessProbe')
    const health = { ...aPodLaunch().health, path: null, periodMs: 2_000, endAfterMs: 9_000 }
    const watched = containerOf(aPodLaunch({}, { health }))
    expect(watched.livenessProbe).toMatchObject({ tcpSocket: { port: 8_000 }, periodSeconds: 2, failureThreshold: 5 })
  })

  it('with processor onnx it is the image of this installation, which fetches the model first', () => {
    const program = {
      kind: 'onnx',
      modelPath: 'https://models.example.org/a.onnx?sig=$1',
      modelName: 'digits',
    } as const
    const image = 'registry.example.org/berth:1'
    const settings = { ...podSettings, modelServerImage: image, modelNetworks: ['10.0.0.0/8'] }
    const pod = podOf(aPodLaunch({}, { program }), settings)
    expect(pod.initContainers[0]).toMatchObject({
      image: 'registry.example.org/berth:1',
      args: [
        ...['src/agent/fetch-model.ts', '--into', '/models', '--allow', '10.0.0.0/8'],
        'model=https://models.example.org/a.onnx?sig=$$1',
      ],
    })
    expect(pod.containers[0]).toMatchObject({
      image: 'registry.example.org/berth:1',
      args: expect.arrayContaining(['src/model-server/main.ts', '--model', '/models/model', '--name', 'digits']),
      volumeMounts: [
        { name: 'tmp', mountPath: '/tmp' },
        { name: 'models', mountPath: '/models', readOnly: true },
      ],
    })
  })
})

it('images come through the mirror unless they name their registry', () => {
  const mirror = 'mirror.example.org/hub'
  expect(fromMirror('nginx:1', mirror)).toBe('mirror.example.org/hub/nginx:1')
  expect(fromMirror('acme/digits', mirror)).toBe('mirror.example.org/hub/acme/digits')
  expect(fromMirror('docker.io/acme/digits', mirror)).toBe('mirror.example.org/hub/acme/digits')
  expect(fromMirror('registry.example.org/a:1', mirror)).toBe('registry.example.org/a:1')
  expect(fromMirror('localhost:5000/a', mirror)).toBe('localhost:5000/a')
  expect(fromMirror('nginx:1', null)).toBe('nginx:1')
})

it('a login is for the registry that the image comes from', () => {
  expect(registryOf('acme/digits')).toBe('https://index.docker.io/v1/')
  expect(registryOf('registry.example.org:5000/a')).toBe('registry.example.org:5000')
  const asked = { accountId: 'acc-1', serviceId: 'eas-m-1', registryAuth: 'dTpw', image: 'r.example.org/a' }
  const { data } = pullSecretOf(asked, podSettings)
  const config = JSON.parse(Buffer.from(Object(data)['.dockerconfigjson'], 'base64').toString())
  expect(config).toEqual({ auths: { 'r.example.org': { auth: 'dTpw' } } })
})

it('an account has a namespace in which nobody is called but by Berth', () => {
  const [namespace, policy] = accountObjects('acc-1', { ...podSettings, gatewayNetworks: ['10.0.0.0/8'] })
  expect(namespace).toMatchObject({
    kind: 'Namespace',
    metadata: { name: 'berth-acc-1', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  })
  const { podSelector, policyTypes, ingress } = Object(policy?.spec)
  expect(podSelector).toEqual({})
  expect(policyTypes).toEqual(['Ingress', 'Egress'])
  expect(ingress).toEqual([
    {
      from: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'berth-system' } },
          podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'berth' } },
        },
        { ipBlock: { cidr: '10.0.0.0/8' } },
      ],
    },
  ])
})

it('a service has a budget of as many as there are', () => {
  const { spec } = budgetOf({ accountId: 'acc-1', serviceId: 'eas-m-1' }, 3, podSettings)
  expect(spec).toMatchObject({ minAvailable: 3, selector: { matchLabels: { 'berth.dev/service': 'eas-m-1' } } })
})
