// The two ways in which Berth is brought into a cluster, each by the tool that its users have: `kubectl apply -k` of an overlay
// of the base, and Helm with values. What both change is what everybody changes: the image, berth.yaml, and what the pods ask for.
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { kubectl, settings } from '../story/settings.ts'

export const namespace = 'berth-system'
const packaging = join(import.meta.dirname, '..', '..', '..', 'packaging', 'kubernetes')

export interface Wanted {
  image: string
  /** berth.yaml. */
  config: string
}

export interface Packaging {
  name: string
  /** The namespace and its secret are there. */
  install(wanted: Wanted): Promise<unknown>
  /** Every role in new pods, as for another release. */
  upgrade(wanted: Wanted): Promise<unknown>
  uninstall(): Promise<unknown>
}

/** Small, so that all of it fits on a small cluster. */
const requests = { cpu: '100m', memory: '192Mi' }

export class Kustomize implements Packaging {
  readonly name = 'kustomize'
  readonly #overlay = mkdtempSync(join(realpathSync(tmpdir()), 'berth-overlay-'))

  async install({ image, config }: Wanted): Promise<void> {
    const colon = image.lastIndexOf(':')
    const file = {
      resources: [relative(this.#overlay, join(packaging, 'base'))],
      images: [{ name: 'registry.example.org/berth', newName: image.slice(0, colon), newTag: image.slice(colon + 1) }],
      patches: [
        {
          patch: stringify({
            ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'berth-config', namespace } },
            data: { 'berth.yaml': config },
          }),
        },
        {
          target: { kind: 'Deployment' },
          patch: stringify([
            { op: 'replace', path: '/spec/template/spec/containers/0/resources/requests', value: requests },
          ]),
        },
      ],
    }
    writeFileSync(join(this.#overlay, 'kustomization.yaml'), stringify(file))
    await kubectl('apply', '-k', this.#overlay)
  }

  upgrade(): Promise<unknown> {
    return kubectl('-n', namespace, 'rollout', 'restart', 'deployment')
  }

  async uninstall(): Promise<void> {
    if (!existsSync(join(this.#overlay, 'kustomization.yaml'))) return
    await kubectl('delete', '-k', this.#overlay, '--ignore-not-found')
    rmSync(this.#overlay, { recursive: true, force: true })
  }
}

const helmProgram = (): string => process.env.BERTH_TEST_HELM || 'helm'
export const hasHelm = (): boolean => spawnSync(helmProgram(), ['version'], { timeout: 30_000 }).status === 0

function helm(values: object, ...args: string[]) {
  const running = promisify(execFile)(helmProgram(), ['--namespace', namespace, ...args], {
    env: { ...process.env, KUBECONFIG: settings().kubeconfig },
  })
  running.child.stdin?.end(stringify(values))
  return running
}

export class Helm implements Packaging {
  readonly name = 'helm'

  install(wanted: Wanted): Promise<unknown> {
    return helm(this.#values(wanted, requests), 'install', 'berth', join(packaging, 'chart'), '--values', '-')
  }

  /** Other requests make other pods. */
  upgrade(wanted: Wanted): Promise<unknown> {
    const values = this.#values(wanted, { ...requests, cpu: '110m' })
    return helm(values, 'upgrade', 'berth', join(packaging, 'chart'), '--values', '-')
  }

  uninstall(): Promise<unknown> {
    return helm({}, 'uninstall', 'berth', '--ignore-not-found', '--wait')
  }

  #values({ image, config }: Wanted, asked: typeof requests): object {
    const colon = image.lastIndexOf(':')
    const role = { resources: { requests: asked } }
    return {
      image: { repository: image.slice(0, colon), tag: image.slice(colon + 1) },
      ...{ config, api: role, controller: role, gateway: role },
    }
  }
}
