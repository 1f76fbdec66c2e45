// What Kubernetes can't give a service instance: refused by name before anything is made. Pure.
import { parseModelUrl } from '../../lib/model-url.ts'
import type { Launch } from '../../services/driver.ts'
import type { PodSettings } from './settings.ts'

export interface LaunchProblem {
  field: string
  message: string
}

export function whyNotRun(
  { program, mounts }: Pick<Launch, 'program' | 'mounts'>,
  { modelServerImage }: Pick<PodSettings, 'modelServerImage'>,
): LaunchProblem | null {
  const problem = (field: string, text: string): LaunchProblem => ({ field, message: `${field}: ${text}` })
  if (mounts !== undefined && mounts.length > 0)
    return problem('storage', 'directories of a node are not mounted on Kubernetes. Bring the files in the image')
  if (program.kind === 'command')
    return problem(
      'containers[0].image',
      'is missing: Kubernetes runs containers. Name the image that the command runs in',
    )
  if (program.kind === 'image') return null
  if (modelServerImage === null)
    return problem(
      'processor',
      'the operator names the image that runs it under kubernetes.modelServerImage in berth.yaml',
    )
  for (const [field, place] of [
    ['model_path', program.modelPath],
    ['warm_up_data_path', program.warmUpPath],
  ] as const) {
    const source = place === undefined ? null : parseModelUrl(place)
    if (source === null || ('kind' in source && source.kind === 'web')) continue
    return problem(
      field,
      'on Kubernetes a model is fetched by the pod itself: give an http or https URL (a signed one for a bucket)',
    )
  }
  return null
}
