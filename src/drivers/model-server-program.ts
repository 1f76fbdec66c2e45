// The built-in model server in Berth's own image, whose program is Node in Berth's directory: the arguments that fetch a model,
// and those that serve it. Pure.
import type { OnnxProgram } from '../services/driver.ts'

/** Fetches what the model server reads, each under its name. */
export function fetchModelArgs(
  { modelPath, warmUpPath }: OnnxProgram,
  directory: string,
  networks: readonly string[],
): string[] {
  const urls = [`model=${modelPath}`, ...(warmUpPath === undefined ? [] : [`warm_up=${warmUpPath}`])]
  return ['src/agent/fetch-model.ts', '--into', directory, ...networks.flatMap(one => ['--allow', one]), ...urls]
}

export function modelServerArgs({ modelName, warmUpPath, batching }: OnnxProgram, directory: string): string[] {
  return [
    ...['src/model-server/main.ts', '--model', `${directory}/model`, '--name', modelName],
    ...(warmUpPath === undefined ? [] : ['--warm-up', `${directory}/warm_up`]),
    ...(batching ? ['--batch-rows', String(batching.rowsMax), '--batch-wait-ms', String(batching.waitMs)] : []),
  ]
}
