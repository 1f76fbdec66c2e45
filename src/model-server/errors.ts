// What a caller of the model server may meet, and the HTTP status of each.

export type ModelServerRefusal =
  | 'InvalidRequest'
  | 'InvalidTensor'
  | 'InvalidImage'
  | 'UnknownModel'
  | 'UnsupportedMediaType'
  | 'Busy'
  | 'InferenceFailed'

export const statusOf = {
  InvalidRequest: 400,
  InvalidTensor: 400,
  InvalidImage: 400,
  UnknownModel: 404,
  UnsupportedMediaType: 415,
  Busy: 503,
  InferenceFailed: 500,
} as const satisfies Record<ModelServerRefusal, number>
