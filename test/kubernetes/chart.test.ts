// The Helm chart: the same installation as the kustomize base, with its settings as values. What needs Helm itself runs where
// there is one.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
// Fastify's own: it checks requests by it.
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'
import {
  chartFile,
  clusterApiComponent,
  defaultValues,
  hasHelm,
  render,
  routeComponent,
  templateObjects,
  valuesSchema,
} from './chart.ts'
import { installObjects, kustomization } from './packaging.ts'

const nameOf = ({ kind, metadata }: AnyObject): string => `${kind} ${metadata.name}`
const byName = (one: AnyObject, other: AnyObject): number => nameOf(one).localeCompare(nameOf(other))

/** Those of the base but its namespace, with the image that kustomize puts in: Helm installs into a namespace that is there. */
function baseObjects(): AnyObject[] {
  const [image] = kustomization.images
  const text = JSON.stringify(installObjects().filter(({ kind }) => kind !== 'Namespace'))
  const named = text.replaceAll('"image":"berth"', `"image":"${image?.newName}:${image?.newTag}"`)
  return (JSON.parse(named) as AnyObject[]).sort(byName)
}

const route = { parentRefs: routeComponent.spec.parentRefs, hostnames: routeComponent.spec.hostnames }

/** Values over the chart's own, and the name of the wrong one. */
const wrong: [values: Record<string, object | string>, name: string][] = [
  [{ databse: {} }, 'databse'],
  [{ gateway: { replicas: '2' } }, 'replicas'],
  [{ controller: { replicas: -1 } }, 'replicas'],
  [{ api: { resources: { limits: { memory: 'much' } } } }, 'memory'],
  [{ image: { pullPolicy: 'Sometimes' } }, 'pullPolicy'],
  [{ image: { tag: '0.1.0 ' } }, 'tag'],
  [{ secretName: '' }, 'secretName'],
  [{ database: { secret: 'app' } }, 'secret'],
  [{ proxy: { httpsProxy: 'proxy:3128' } }, 'httpsProxy'],
  [{ environment: { 'A-B': 'c' } }, 'A-B'],
  [{ httpRoute: { enabled: true } }, 'parentRefs'],
  [{ httpRoute: { ...route, enabled: true, hostnames: ['10.0.0.1:80'] } }, 'hostnames'],
  [{ clusterApi: { namespaces: 'default' } }, 'namespaces'],
  [{ config: '' }, 'config'],
]

/** What decides how a role's process begins and ends: lines that hold no value of the chart. */
function linesOfLife(path: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'packaging', 'kubernetes', path), 'utf8')
  return text.match(/^ *(args|terminationGracePeriodSeconds|sleep): .*$/gm)?.map(line => line.trim()) ?? []
}

describe('the chart', () => {
  test.each(['api', 'controller', 'gateway'])('starts and ends the role %s as the base does', role => {
    const lines = linesOfLife(`base/${role}.yaml`)
    expect(lines.length).toBeGreaterThanOrEqual(2)
    expect(linesOfLife(`chart/templates/${role}.yaml`)).toEqual(lines)
  })

  test('is of the version of Berth, and of the image of the base', () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'))
    expect(chartFile).toMatchObject({
      apiVersion: 'v2',
      name: 'berth',
      type: 'application',
      version,
      appVersion: version,
    })
    expect(kustomization.images[0]?.newTag).toBe(version)
    expect(defaultValues().image).toMatchObject({ repository: kustomization.images[0]?.newName, tag: '' })
  })

  test('has every object of the base but the namespace, and of its components', () => {
    const wanted = [...baseObjects(), routeComponent, ...clusterApiComponent].map(nameOf)
    expect(templateObjects().sort()).toEqual([...wanted, 'ConfigMap berth-environment'].sort())
  })

  test('its schema takes its values, and names one that is wrong', () => {
    const check = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false }).compile(
      valuesSchema,
    )
    check(defaultValues())
    expect(check.errors).toBeNull()
    for (const [values, name] of wrong) {
      const all = defaultValues()
      for (const [key, value] of Object.entries(values))
        all[key] = typeof value === 'string' ? (value as unknown as object) : { ...all[key], ...value }
      expect(check(all), JSON.stringify(values)).toBe(false)
      expect(JSON.stringify(check.errors)).toContain(name)
    }
  })
})

test('the route leads to a port of the gateways’ service', () => {
  const [backend] = routeComponent.spec.rules.flatMap(({ backendRefs }) => backendRefs)
  const service = installObjects().find(one => one.kind === 'Service' && one.metadata.name === backend?.name)
  const { ports } = service?.spec as { ports: { port: number }[] }
  expect(ports.map(({ port }) => port)).toContain(backend?.port)
  expect(routeComponent.metadata.namespace).toBe(service?.metadata.namespace)
})

if (hasHelm) {
  describe('the chart as Helm renders it', sameObjects)
  describe('values of the chart as Helm renders it', itsValues)
} else test('the chart as Helm renders it', context => context.skip('no helm on PATH'))

function rendered(values: object, namespace?: string): AnyObject[] {
  const { objects, refusal } = render(values, namespace)
  expect(refusal).toBe('')
  return objects.sort(byName)
}

function object(objects: AnyObject[], name: string): AnyObject & { data: Record<string, string> } {
  return objects.find(one => nameOf(one) === name) as AnyObject & { data: Record<string, string> }
}

function sameObjects(): void {
  test('is the base', () => {
    expect(rendered({})).toEqual(baseObjects())
  })

  test('with namespaces of MachineDeployments is the base with that component in each', () => {
    expect(rendered({ clusterApi: { namespaces: ['default'] } })).toEqual(
      [...baseObjects(), ...clusterApiComponent].sort(byName),
    )
    expect(rendered({ clusterApi: { namespaces: ['default', 'workers'] } })).toHaveLength(baseObjects().length + 4)
  })

  test('with a route is the base with its component', () => {
    expect(rendered({ httpRoute: { enabled: true, ...route } })).toEqual(
      [...baseObjects(), routeComponent].sort(byName),
    )
    const open = rendered({ httpRoute: { enabled: true, parentRefs: [{ name: 'public' }] } })
    expect(object(open, 'HTTPRoute berth-gateway').spec).not.toHaveProperty('hostnames')
  })

  test('is all in the namespace of the release', () => {
    for (const { kind, metadata, subjects } of rendered({}, 'elsewhere') as (AnyObject & { subjects?: object[] })[]) {
      expect(metadata.namespace).toBe(kind?.startsWith('ClusterRole') ? undefined : 'elsewhere')
      for (const subject of subjects ?? []) expect(subject).toMatchObject({ namespace: 'elsewhere' })
    }
    expect(object(rendered({}, 'elsewhere'), 'ConfigMap berth-config').data['berth.yaml']).toContain(
      'systemNamespace: elsewhere\n',
    )
  })
}

function itsValues(): void {
  test('puts every value where its role reads it', () => {
    const objects = rendered({
      image: { repository: 'mirror.example.org:5000/berth', tag: '1', pullPolicy: 'Always', pullSecrets: ['login'] },
      imageMirror: 'mirror.example.org/library',
      secretName: '123',
      database: { secretName: 'db-app', key: 'uri', directKey: 'direct' },
      proxy: {
        httpProxy: 'http://proxy:3128',
        httpsProxy: 'http://proxy:3128',
        noProxy: '10.0.0.0/8,berth-controller',
      },
      certificateAuthority: { configMap: 'authority', key: 'root.pem' },
      environment: { BERTH_LOG: 'true' },
      ...Object.fromEntries(
        ['api', 'controller', 'gateway'].map((role, index) => [
          role,
          { replicas: index + 3, resources: { limits: { memory: `${index + 3}Gi` } } },
        ]),
      ),
    })
    expect(object(objects, 'ConfigMap berth-environment').data).toEqual({
      ...{ HTTP_PROXY: 'http://proxy:3128', HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '10.0.0.0/8,berth-controller' },
      ...{ NODE_EXTRA_CA_CERTS: '/etc/berth-authority/root.pem', BERTH_LOG: 'true' },
    })
    expect(object(objects, 'ConfigMap berth-config').data['berth.yaml']).toContain(
      'imageMirror: mirror.example.org/library\n',
    )
    for (const [index, role] of ['api', 'controller', 'gateway'].entries()) {
      const { spec } = object(objects, `Deployment berth-${role}`) as unknown as {
        spec: { replicas: number; template: { spec: { containers: object[]; volumes: object[] } } }
      }
      expect(spec.replicas).toBe(index + 3)
      const { containers, volumes } = spec.template.spec
      expect(spec.template.spec).toMatchObject({ imagePullSecrets: [{ name: 'login' }] })
      expect(containers[0]).toMatchObject({
        ...{ image: 'mirror.example.org:5000/berth:1', imagePullPolicy: 'Always' },
        // Values lie over the chart's own.
        resources: { requests: {}, limits: { memory: `${index + 3}Gi` } },
      })
      const { env, volumeMounts } = containers[0] as { env: object[]; volumeMounts: object[] }
      expect(env).toContainEqual(secretRef('BERTH_ROUTES_SECRET', '123', 'routes-secret'))
      if (role !== 'gateway') expect(env).toContainEqual(secretRef('DATABASE_URL', 'db-app', 'uri'))
      expect(volumeMounts).toContainEqual({ name: 'authority', mountPath: '/etc/berth-authority', readOnly: true })
      expect(volumes).toContainEqual({ name: 'authority', configMap: { name: 'authority' } })
    }
  })

  test('takes a berth.yaml of one’s own as it is', () => {
    const config = 'kubernetes:\n  # ours\n  systemNamespace: elsewhere\n\nmetrics: { listen: 0.0.0.0:9090 }\n'
    expect(object(rendered({ config }, 'elsewhere'), 'ConfigMap berth-config').data['berth.yaml']).toBe(config)
  })

  test('refuses a wrong value by its name', () => {
    for (const [values, name] of wrong) expect(render(values).refusal, JSON.stringify(values)).toContain(name)
    expect(render({ config: 'kubernetes: {' }).refusal).toContain('config: it is not YAML')
    expect(render({ config: 'catalog: {}' }, 'elsewhere').refusal).toContain(
      'config: kubernetes.systemNamespace must be the namespace of this release: elsewhere',
    )
    expect(render({ config: 'catalog: {}', imageMirror: 'mirror.example.org' }).refusal).toContain(
      'imageMirror: config',
    )
  })
}

function secretRef(name: string, secret: string, key: string): object {
  return { name, valueFrom: { secretKeyRef: { name: secret, key } } }
}
