// How Docker is used on this host: from berth.yaml, and remembered beside what we keep of its containers, so that they can be
// stopped and removed by who has nothing but the data directory.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PullPolicy } from './images.ts'

export interface DockerSettings {
  socketPath: string
  pull: PullPolicy
  /** The root file system of containers can't be written; /tmp is memory. */
  readOnlyRoot: boolean
  /** Capabilities that containers keep; none of the others. */
  capabilities: readonly string[]
  /** The image that runs `processor: onnx`; absent: this installation has none. */
  modelServerImage?: string | undefined
}

export function rememberSettings(dataDir: string, settings: DockerSettings): void {
  mkdirSync(join(dataDir, 'docker'), { recursive: true, mode: 0o711 })
  writeFileSync(pathIn(dataDir), `${JSON.stringify(settings)}\n`, { mode: 0o600 })
}

/** null: no container was ever run from here. */
export function recallSettings(dataDir: string): DockerSettings | null {
  try {
    return JSON.parse(readFileSync(pathIn(dataDir), 'utf8')) as DockerSettings
  } catch {
    return null
  }
}

const pathIn = (dataDir: string): string => join(dataDir, 'docker', 'settings.json')
