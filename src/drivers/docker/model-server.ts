// `processor: onnx` as a container: Berth's own image, whose first program fetches the model and then gives its place to the
// model server. Pure.

import { modelServerNodeArgs } from '../../lib/node-args.ts'
import type { Launch, OnnxProgram, Program } from '../../services/driver.ts'
import { fetchModelArgs, modelServerArgs } from '../model-server-program.ts'

/** Of the container itself: what is fetched there goes with it. */
const directory = '/tmp/models'

export interface ModelServer {
  /** null: this installation has none. */
  image: string | null
  /** Private networks from which models may be fetched. */
  networks: readonly string[]
}

export type ImageLaunch = Launch & { program: Extract<Program, { kind: 'image' }> }

/** null: it is no image, nor anything that one is known for. */
export function asImage(launch: Launch, server: ModelServer): ImageLaunch | null {
  const { program } = launch
  if (program.kind === 'image') return { ...launch, program }
  if (program.kind !== 'onnx' || server.image === null) return null
  return {
    ...launch,
    program: { kind: 'image', image: server.image, argv: [], args: argsOf(program, server), port: null },
  }
}

const argsOf = (program: OnnxProgram, { networks }: ModelServer): string[] => [
  ...modelServerNodeArgs,
  ...fetchModelArgs(program, directory, networks),
  ...['--', ...modelServerArgs(program, directory)],
]
