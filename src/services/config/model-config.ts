// The fields of a service's JSON that the built-in model server reads. Pure.
import { parseModelUrl } from '../../lib/model-url.ts'
import type { OnnxProgram } from '../driver.ts'

export interface ModelFields {
  model_path?: string | undefined
  warm_up_data_path?: string | undefined
  metadata: {
    rpc?:
      | { batching?: boolean | undefined; max_batch_size?: number | undefined; max_batch_timeout?: number | undefined }
      | undefined
  }
}

type Invalid = (field: string, problem: string) => Error

/** EAS's defaults. */
const batchRowsDefault = 16
const batchWaitMsDefault = 50

/** Of `processor: "onnx"`. */
export function onnxProgramOf(config: ModelFields, modelName: string, invalid: Invalid): OnnxProgram {
  const { model_path: model, warm_up_data_path: warmUp, metadata } = config
  if (model === undefined) throw invalid('model_path', 'is missing: processor "onnx" serves the model at this path')
  const {
    batching,
    max_batch_size: rowsMax = batchRowsDefault,
    max_batch_timeout: waitMs = batchWaitMsDefault,
  } = metadata.rpc ?? {}
  return {
    ...{ kind: 'onnx', modelPath: placeOf('model_path', model, invalid), modelName },
    ...(warmUp === undefined || warmUp === '' ? {} : { warmUpPath: placeOf('warm_up_data_path', warmUp, invalid) }),
    ...(batching === true && rowsMax > 1 ? { batching: { rowsMax, waitMs } } : {}),
  }
}

/** A path stays a path; a URL that is fetched stays as it was written. */
function placeOf(field: string, text: string, invalid: Invalid): string {
  const found = parseModelUrl(text)
  if ('problem' in found) throw invalid(field, found.problem)
  return found.kind === 'file' ? found.path : text
}

/** Fields that are read, but not for such a service as this. */
export function modelWarnings(config: ModelFields, isOnnx: boolean): string[] {
  const { batching, max_batch_size: size, max_batch_timeout: timeout } = config.metadata.rpc ?? {}
  const batchFields = [
    ...(size === undefined ? [] : ['metadata.rpc.max_batch_size']),
    ...(timeout === undefined ? [] : ['metadata.rpc.max_batch_timeout']),
  ]
  const idle = isOnnx
    ? batching === true
      ? []
      : batchFields
    : [
        ...(config.warm_up_data_path ? ['warm_up_data_path'] : []),
        ...(batching === true ? ['metadata.rpc.batching'] : []),
        ...batchFields,
      ]
  return idle.map(field => `${field} has no effect ${isOnnx ? 'without metadata.rpc.batching' : 'here'}`)
}
