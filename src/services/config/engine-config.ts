// Whether the engine of a region can run what a service's JSON asks for: told where it is deployed, by field and with the way
// out. Pure.
import { parseModelUrl } from '../../lib/model-url.ts'
import type { OnnxProgram } from '../driver.ts'
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
/** Its files are this host's, and a container sees none of them. */
const noProcessor: EngineProblem = {
  field: 'processor',
  message: regionId =>
    `the built-in model server runs as a process; region ${regionId} runs containers. Name an image that serves the model in containers[0].image, or deploy to a region whose engine is process`,
}

const noMounts: EngineProblem = {
  field: 'storage',
  message: regionId =>
    `region ${regionId} has no host whose directories could be mounted. Bring the files in the image`,
}

const noModelServer: EngineProblem = {
  field: 'processor',
  message: regionId =>
    `region ${regionId} runs containers, and no image of the built-in model server is set: the operator names it under kubernetes.modelServerImage in berth.yaml`,
}

const notFetched = (field: string): EngineProblem => ({
  field,
  message: regionId =>
    `in region ${regionId} a pod fetches its model by itself: give an http or https URL, for a bucket one that is signed`,
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
  if (engine === 'kubernetes') return whyNotOnKubernetes(spec, installation)
  if (program.kind !== 'image') return program.kind === 'onnx' ? noProcessor : needsImage
  return engine === 'docker' || mounts === undefined ? null : noMounts
}

function whyNotOnKubernetes({ program, mounts, env }: ServiceSpec, installation?: Installation): EngineProblem | null {
  if (program.kind === 'command') return needsImage
  if (mounts !== undefined) return noMounts
  const card = cardVariables.find(name => Object.hasOwn(env, name))
  if (card !== undefined) return noCards(card)
  if (program.kind === 'image') return null
  return (installation?.modelServerImage ?? null) === null ? noModelServer : whyNotFetched(program)
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
