// One pod of the node double: its containers one after the other, its status as they change, and its end.
import { mkdirSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { isConflict, isNotFound } from '../../../src/drivers/kubernetes/api/api-error.ts'
import type { ApiServer } from '../../../src/drivers/kubernetes/api/api-server.ts'
import { pods } from '../../../src/drivers/kubernetes/api/resources.ts'
import { ContainerRun } from './container-run.ts'
import type { Container, PodObject } from './pod-spec.ts'

export interface PodRunOptions {
  api: ApiServer
  pod: PodObject
  podIP: string
  entrypoints: ReadonlyMap<string, readonly string[]>
  backoffMs: number
  directory: string
  workingDirectory: string
}

export class PodRun {
  isLost = false
  readonly uid: string
  readonly nodeName: string
  readonly podIP: string
  readonly #options: PodRunOptions
  readonly #startTime = instant()
  readonly #init: ContainerRun[]
  readonly #service: ContainerRun
  #pod: PodObject
  #begun = false
  #ending = false
  #readySince = instant()
  #wasReady = false
  #telling: Promise<void> = Promise.resolve()
  #closed = false
  #failed: { reason: string; message: string } | null = null

  constructor(options: PodRunOptions) {
    const { pod } = options
    this.#options = options
    this.#pod = pod
    this.uid = pod.metadata.uid ?? ''
    this.nodeName = pod.spec.nodeName ?? ''
    this.podIP = options.podIP
    const { containers, initContainers = [] } = pod.spec
    const [first] = containers
    if (first === undefined) throw new Error('a pod without a container')
    this.#init = initContainers.map(one => this.#run(one, false))
    this.#service = this.#run(first, true)
  }

  get service(): ContainerRun {
    return this.#service
  }

  update(pod: PodObject): void {
    this.#pod = pod
    if (this.isLost) return
    if (pod.metadata.deletionTimestamp !== undefined) void this.#end()
    else if (!this.#begun) void this.#begin()
  }

  /** Thrown off its node for want of something there, as a kubelet does under pressure. */
  async evict(message: string): Promise<void> {
    this.#failed = { reason: 'Evicted', message }
    await this.#service.stop(() => 0)
    await this.#tell()
  }

  /** Without a word to anybody. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#init, this.#service].map(one => one.stop(() => 0)))
    rmSync(this.#options.directory, { recursive: true, force: true })
  }

  answerLog(query: URLSearchParams, res: ServerResponse): void {
    const name = query.get('container')
    const run = this.#init.find(one => one.status.name === name) ?? this.#service
    if (run.status.state?.waiting && run.status.restartCount === 0) {
      res.writeHead(400, { 'content-type': 'text/plain' }).end(`container "${name}" is waiting to start`)
      return
    }
    run.log.answer(query, res, run.running)
  }

  #run(container: Container, restarts: boolean): ContainerRun {
    const { podIP, entrypoints, backoffMs, directory, workingDirectory } = this.#options
    const directories = new Map(
      (container.volumeMounts ?? []).map(({ name, mountPath }) => [mountPath, join(directory, name)]),
    )
    // A program's own /tmp is the host's here, as its root file system is.
    directories.delete('/tmp')
    return new ContainerRun({
      container,
      podIP,
      entrypoints,
      directories,
      restarts,
      backoffMs,
      workingDirectory,
      changed: () => void this.#tell(),
    })
  }

  async #begin(): Promise<void> {
    this.#begun = true
    for (const { volumeMounts = [] } of this.#pod.spec.containers)
      for (const { name } of volumeMounts) mkdirSync(join(this.#options.directory, name), { recursive: true })
    for (const init of this.#init) {
      init.start()
      await init.done
    }
    if (!this.#ending && !this.#closed) this.#service.start()
  }

  /** The grace may be shortened while it runs. */
  async #end(): Promise<void> {
    if (this.#ending) return
    this.#ending = true
    const graceMs = (): number => (this.#pod.metadata.deletionGracePeriodSeconds ?? 30) * 1_000
    await Promise.all([...this.#init, this.#service].map(one => one.stop(graceMs)))
    await this.#tell()
    if (this.#closed || this.isLost) return
    const { name, namespace = '' } = this.#pod.metadata
    await this.#options.api.delete(pods, { name, namespace }, { graceSeconds: 0, uid: this.uid }).catch(() => {})
  }

  /** One after the other, and each time what is so then; what was not taken is told again, as a kubelet does. */
  #tell(): Promise<void> {
    this.#telling = this.#telling.then(async () => {
      if (this.isLost || this.#closed) return
      const { name, namespace = '' } = this.#pod.metadata
      const patch = { metadata: { uid: this.uid }, status: this.#status() }
      await this.#options.api.patch(pods, { name, namespace }, patch, { subresource: 'status' }).catch(error => {
        if (!isNotFound(error) && !isConflict(error)) void this.#tell()
      })
    })
    return this.#telling
  }

  #status(): object {
    const { ready } = this.#service
    if (ready !== this.#wasReady) this.#readySince = instant()
    this.#wasReady = ready
    const condition = (type: string, status: boolean, lastTransitionTime = this.#startTime) => ({
      ...{ type, status: status ? 'True' : 'False', lastTransitionTime },
    })
    const before = (this.#pod.status?.conditions ?? []) as { type: string }[]
    const fetched = this.#init.every(({ exitCode }) => exitCode === 0)
    return {
      phase: this.#failed ? 'Failed' : fetched && this.#begun && this.#hasRun ? 'Running' : 'Pending',
      ...(this.#failed ?? {}),
      ...{ hostIP: '127.0.0.1', podIP: this.podIP, podIPs: [{ ip: this.podIP }], startTime: this.#startTime },
      conditions: [
        ...before.filter(({ type }) => type === 'PodScheduled' || type === 'DisruptionTarget'),
        condition('Initialized', fetched),
        condition('ContainersReady', ready, this.#readySince),
        condition('Ready', ready, this.#readySince),
      ],
      ...(this.#init.length > 0 ? { initContainerStatuses: this.#init.map(({ status }) => status) } : {}),
      containerStatuses: [this.#service.status],
    }
  }

  get #hasRun(): boolean {
    const { state, restartCount } = this.#service.status
    return state?.running !== undefined || state?.terminated !== undefined || restartCount > 0
  }
}

const instant = (): string => new Date().toISOString()
