// Whether the engine of a region can run what a service's JSON asks for: told where it is deployed, by field and with the way
// out. Pure.
import { parseModelUrl } from '../../lib/model-url.ts'
import type { OnnxProgram, Program } from '../driver.ts'
import type { Installation } from './installation.ts'
import type { ServiceSpec } from './service-config.ts'

export interface EngineProblem {
  field: string
  message(regionId: string): string
}

const needsDocker: EngineProblem = {
  field: 'containers[0].image',
  message: regionId =>
    `images need Docker; region ${regionId} runs processes. Give containers[0].command or script instead`,
}
const needsImage: EngineProblem = {
  field: 'containers[0].image',
  message: regionId => `is missing: region ${regionId} runs containers. Name the image that the command runs in`,
}
const noMounts: EngineProblem = {
  field: 'storage',
  message: regionId =>
    `region ${regionId} has no host whose directories could be mounted. Bring the files in the image`,
}

const noModelServer = (engine: string): EngineProblem => ({
  field: 'processor',
  message: regionId =>
    `region ${regionId} runs containers, and no image of the built-in model server is set: the operator names it under ${engine}.modelServerImage in berth.yaml. Or name an image that serves the model in containers[0].image, or deploy to a region whose engine is process`,
})

/** A file of this host is none of a container's. */
const notFetched = (field: string): EngineProblem => ({
  field,
  message: regionId =>
    `in region ${regionId} a container fetches its model by itself: give an http or https URL, for a bucket one that is signed`,
})

/** Which cards a container sees is told by these: they would show those of others. */
const cardVariables = ['NVIDIA_VISIBLE_DEVICES', 'NVIDIA_DRIVER_CAPABILITIES']

const noCards = (name: string): EngineProblem => ({
  field: 'containers[0].env',
  message: regionId => `${name} is given by the engine of region ${regionId}; ask for cards in metadata.gpu`,
})

export function whyNotOn(engine: string, spec: ServiceSpec, installation?: Installation): EngineProblem | null {
  const { program, mounts } = spec
  if (engine === 'process') return program.kind === 'image' ? needsDocker : null
  if (engine === 'simulated') return null
  if (program.kind === 'command') return needsImage
  const images = installation?.modelServerImages ?? {}
  if (engine === 'kubernetes') return whyNotOnKubernetes(spec, images.kubernetes ?? null)
  if (engine !== 'docker' && mounts !== undefined) return noMounts
  return whyNotServed(program, engine, images.docker ?? null)
}

function whyNotOnKubernetes({ program, mounts, env }: ServiceSpec, modelServer: string | null): EngineProblem | null {
  if (mounts !== undefined) return noMounts
  const card = cardVariables.find(name => Object.hasOwn(env, name))
  if (card !== undefined) return noCards(card)
  return whyNotServed(program, 'kubernetes', modelServer)
}

function whyNotServed(program: Program, engine: string, modelServer: string | null): EngineProblem | null {
  if (program.kind !== 'onnx') return null
  return modelServer === null ? noModelServer(engine) : whyNotFetched(program)
}

function whyNotFetched({ modelPath, warmUpPath }: OnnxProgram): EngineProblem | null {
  for (const [field, place] of [
    ['model_path', modelPath],
    ['warm_up_data_path', warmUpPath],
  ] as const) {
    const source = place === undefined ? null : parseModelUrl(place)
    if (source !== null && !('kind' in source && source.kind === 'web')) return notFetched(field)
  }
  return null
}
