import { describe, expect, it } from 'vitest'
import { Refusal } from '../../lib/errors.ts'
import { countOf } from './rolling-strategy.ts'
import { parseServiceConfig } from './service-config.ts'

const aConfig = (change: object = {}, metadata: object = {}): object => ({
  metadata: { name: 'digits', instance: 2, cpu: 1, memory: 512, resource: 'eas-r-1', ...metadata },
  containers: [{ command: 'python3 app.py' }],
  ...change,
})

const refusalOf = (config: unknown): { code: string; field: unknown; message: string } => {
  try {
    parseServiceConfig(config)
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, field: error.details.field, message: error.message }
    throw error
  }
  throw new Error('not refused')
}

describe('the service JSON', () => {
  it('reads a command as a line for the shell', () => {
    const { spec, warnings } = parseServiceConfig(aConfig())
    expect(spec).toMatchObject({
      name: 'digits',
      replicas: 2,
      cpuMilli: 1000,
      memoryMib: 512,
      gpuCount: 0,
      groupId: 'eas-r-1',
      program: { kind: 'command', argv: ['/bin/sh', '-c', 'python3 app.py'] },
      requestTimeoutMs: 600_000,
      graceMs: 30_000,
    })
    expect(warnings).toEqual([])
  })

  it('reads processor onnx with a path or a file URL', () => {
    const base = { containers: undefined, processor: 'onnx' }
    for (const [path, modelPath] of [
      ['/models/a b.onnx', '/models/a b.onnx'],
      ['file:///models/a%20b.onnx', '/models/a b.onnx'],
    ]) {
      const { spec } = parseServiceConfig(aConfig({ ...base, model_path: path }))
      expect(spec.program).toEqual({ kind: 'onnx', modelPath, modelName: 'digits' })
      expect(spec.health.path).toBe('/v2/health/ready')
    }
  })

  it('reads where the model and its warm-up request are, a URL as it was written', () => {
    const hash = `#sha256=${'0a'.repeat(32)}`
    const base = { containers: undefined, processor: 'onnx' }
    for (const url of ['https://models.example/m.onnx?v=2', `s3://models/a/m.onnx${hash}`, 'oss://models/m.onnx']) {
      const { spec, warnings } = parseServiceConfig(
        aConfig({ ...base, model_path: url, warm_up_data_path: '/one.json' }),
      )
      expect(spec.program).toEqual({ kind: 'onnx', modelPath: url, modelName: 'digits', warmUpPath: '/one.json' })
      expect(warnings).toEqual([])
    }
  })

  it('reads batching with its defaults, and says where a field of it does nothing', () => {
    const onnx = { containers: undefined, processor: 'onnx', model_path: '/m.onnx' }
    const read = (rpc: object) => parseServiceConfig(aConfig(onnx, { rpc }))
    expect(read({ batching: true }).spec.program).toMatchObject({ batching: { rowsMax: 16, waitMs: 50 } })
    const given = read({ batching: true, max_batch_size: 4, max_batch_timeout: 0 })
    expect(given.spec.program).toMatchObject({ batching: { rowsMax: 4, waitMs: 0 } })
    for (const rpc of [{}, { batching: false }, { batching: true, max_batch_size: 1 }]) {
      expect(read(rpc).spec.program).not.toHaveProperty('batching')
    }
    expect(read({ max_batch_size: 4 }).warnings).toEqual([
      'metadata.rpc.max_batch_size has no effect without metadata.rpc.batching',
    ])
    expect(
      parseServiceConfig(aConfig({ warm_up_data_path: '/x' }, { rpc: { max_batch_timeout: 5 } })).warnings,
    ).toEqual(['warm_up_data_path has no effect here', 'metadata.rpc.max_batch_timeout has no effect here'])
  })

  it('reads the directories of the host that a service is to see, for writing unless told otherwise', () => {
    const storage = [
      { mount_path: '/mnt/data', host_path: { path: '/srv/data' }, properties: {} },
      { mount_path: '/mnt/models', host_path: { path: '/srv/models', readOnly: true } },
    ]
    expect(parseServiceConfig(aConfig({ storage })).spec.mounts).toEqual([
      { mountPath: '/mnt/data', hostPath: '/srv/data', readOnly: false },
      { mountPath: '/mnt/models', hostPath: '/srv/models', readOnly: true },
    ])
    expect(parseServiceConfig(aConfig({ storage: [] })).spec).not.toHaveProperty('mounts')
  })

  it('takes keys dotted or nested, at the top and in metadata', () => {
    const dotted = parseServiceConfig({
      'metadata.name': 'digits',
      'metadata.resource': 'eas-r-1',
      'metadata.rpc.keepalive': 5000,
      metadata: { 'rpc.rate_limit': 10, 'eas.termination_grace_period': 5, rolling_strategy: { max_surge: '10%' } },
      containers: [{ script: 'exec ./serve --port $PORT' }],
    })
    expect(dotted.spec).toMatchObject({
      requestTimeoutMs: 5000,
      rateLimit: 10,
      graceMs: 5000,
      maxSurge: { percent: 10 },
    })
    expect(dotted.source).toMatchObject({ metadata: { rpc: { keepalive: 5000, rate_limit: 10 } } })
  })

  it('reads an image with a command in place of its program, or with arguments for it', () => {
    const programOf = (container: object) =>
      parseServiceConfig(aConfig({ containers: [{ image: 'acme/digits:2', port: 80, ...container }] })).spec.program
    const image = { kind: 'image', image: 'acme/digits:2', port: 80 }
    expect(programOf({})).toEqual({ ...image, argv: [] })
    expect(programOf({ args: ['-v'] })).toEqual({ ...image, argv: [], args: ['-v'] })
    expect(programOf({ command: ['serve'], args: ['-v'] })).toEqual({ ...image, argv: ['serve', '-v'] })
    expect(programOf({ script: 'serve' })).toEqual({ ...image, argv: ['/bin/sh', '-c', 'serve'] })
  })

  it('keeps the access key out of the stored JSON', () => {
    const { source, accessKey } = parseServiceConfig(aConfig({ token: 'a-key-of-my-own-choice' }))
    expect(accessKey).toBe('a-key-of-my-own-choice')
    expect(JSON.stringify(source)).not.toContain('a-key-of-my-own-choice')
  })

  it('derives the time to start from startup_check and readiness from health_check', () => {
    const { spec } = parseServiceConfig(
      aConfig({
        containers: [
          {
            command: ['./serve', '--port', '{PORT}'],
            args: ['-v'],
            startup_check: {
              http_get: { path: '/up' },
              initial_delay_seconds: 5,
              period_seconds: 2,
              failure_threshold: 10,
            },
            health_check: {
              http_get: { path: '/healthz' },
              period_seconds: 3,
              timeout_seconds: 1,
              failure_threshold: 2,
            },
          },
        ],
      }),
    )
    expect(spec.program).toEqual({ kind: 'command', argv: ['./serve', '--port', '{PORT}', '-v'] })
    expect(spec.health).toEqual({
      path: '/healthz',
      startTimeoutMs: 25_000,
      periodMs: 3000,
      timeoutMs: 1000,
      failureThreshold: 2,
    })
  })

  it('warns of what has no effect, and of nothing that asks for nothing', () => {
    const { warnings } = parseServiceConfig(
      aConfig({ role_arn: 'x', features: {}, storage: [] }, { qos: '', rpc: { batching: true }, enable_grpc: false }),
    )
    expect(warnings).toEqual(['role_arn has no effect here', 'metadata.rpc.batching has no effect here'])
  })

  it('rounds a share of the replicas up', () => {
    expect([1, 50, 51].map(n => countOf({ percent: 2 }, n))).toEqual([1, 1, 2])
    expect(countOf({ count: 3 }, 1)).toBe(3)
  })

  const refused: [string, unknown, string][] = [
    ['not an object', [], ''],
    ['a login that is none', aConfig({ dockerAuth: 'ana:secret' }), 'dockerAuth'],
    ['a login without a colon', aConfig({ dockerAuth: 'YW5h' }), 'dockerAuth'],
    ['an image that is none', aConfig({ containers: [{ image: 'a b' }] }), 'containers[0].image'],
    ['no name', { metadata: { resource: 'r' }, containers: [{ command: 'x' }] }, 'metadata.name'],
    ['a bad name', aConfig({}, { name: 'Digits' }), 'metadata.name'],
    ['a short name', aConfig({}, { name: 'ab' }), 'metadata.name'],
    ['no group', aConfig({}, { resource: undefined }), 'metadata.resource'],
    ['no metadata', { containers: [{ command: 'x' }] }, 'metadata'],
    ['half a replica', aConfig({}, { instance: 1.5 }), 'metadata.instance'],
    ['too many replicas', aConfig({}, { instance: 1001 }), 'metadata.instance'],
    ['memory as text', aConfig({}, { memory: '512' }), 'metadata.memory'],
    ['no program', aConfig({ containers: undefined }), 'containers'],
    ['an empty container', aConfig({ containers: [{}] }), 'containers[0].command'],
    ['two containers', aConfig({ containers: [{ command: 'a' }, { command: 'b' }] }), 'containers'],
    ['command and script', aConfig({ containers: [{ command: 'a', script: 'b' }] }), 'containers[0].script'],
    [
      'a bad variable',
      aConfig({ containers: [{ command: 'a', env: [{ name: '1', value: '' }] }] }),
      'containers[0].env[0].name',
    ],
    ['an unknown field', aConfig({ metdata: {} }), 'metdata'],
    [
      'an unknown field of a container',
      aConfig({ containers: [{ command: 'a', comand: 'b' }] }),
      'containers[0].comand',
    ],
    ['an unknown rpc field', aConfig({}, { rpc: { keep_alive: 1 } }), 'metadata.rpc.keep_alive'],
    [
      'an unknown check',
      aConfig({ containers: [{ command: 'a', health_check: { exec: {} } }] }),
      'containers[0].health_check.exec',
    ],
    ['a field given twice', { ...aConfig(), 'metadata.name': 'other' }, 'metadata.name'],
    ['a poisoned key', JSON.parse('{"__proto__": {"x": 1}, "metadata": {}}'), '__proto__'],
    ['a poisoned dotted key', { ...aConfig(), 'metadata.__proto__.x': 1 }, 'metadata.__proto__.x'],
    ['onnx without a model', aConfig({ containers: undefined, processor: 'onnx' }), 'model_path'],
    ...[
      ...[
        'ftp://a/b',
        'https://user:password@a/b',
        'https://a/b#sha256=12',
        'https://a/b#top',
        's3://models',
        's3:///m',
      ],
      ...['s3://models/a/', 's3://models/m?v=1', 'oss://Models/%2e%2e/m', 'file://host/m.onnx', 'a.onnx', 'data:,x'],
    ].map((path): [string, unknown, string] => [
      `a model at ${path}`,
      aConfig({ containers: undefined, processor: 'onnx', model_path: path }),
      'model_path',
    ]),
    [
      'a warm-up request at no place',
      aConfig({ containers: undefined, processor: 'onnx', model_path: '/m', warm_up_data_path: 'one.json' }),
      'warm_up_data_path',
    ],
    ['a relative model', aConfig({ containers: undefined, processor: 'onnx', model_path: 'a.onnx' }), 'model_path'],
    ['a short access key', aConfig({ token: 'short' }), 'token'],
    ['storage of no kind', aConfig({ storage: [{ mount_path: '/data' }] }), 'storage[0].host_path'],
    [
      'an unknown field of a mount',
      aConfig({ storage: [{ mount_path: '/data', host_path: { path: '/srv', readonly: true } }] }),
      'storage[0].host_path.readonly',
    ],
    ['a bad surge', aConfig({}, { rolling_strategy: { max_surge: '2.5%' } }), 'metadata.rolling_strategy.max_surge'],
  ]
  it.each(refused)('refuses %s, naming the field', (_name, config, field) => {
    expect(refusalOf(config)).toMatchObject({ code: 'InvalidServiceConfig', field })
  })

  const unsupported: [string, object, string][] = [
    ...['oss', 'nfs', 'dataset', 'git', 'http'].map((kind): [string, object, string] => [
      `storage of the kind ${kind}`,
      aConfig({ storage: [{ mount_path: '/data', [kind]: {} }] }),
      `storage[0].${kind}`,
    ]),
    ['an autoscaler', aConfig({ autoscaler: { min: 1 } }), 'autoscaler'],
    ['gRPC', aConfig({}, { enable_grpc: true }), 'metadata.enable_grpc'],
    ['an asynchronous service', aConfig({}, { type: 'Async' }), 'metadata.type'],
    ['another processor', aConfig({ containers: undefined, processor: 'pmml' }), 'processor'],
  ]
  it.each(unsupported)('refuses %s as not supported', (_name, config, field) => {
    expect(refusalOf(config)).toMatchObject({ code: 'UnsupportedServiceConfig', field })
  })
})
