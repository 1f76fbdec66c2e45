import type { Returns } from '../api.ts'
import { still, useApi } from '../queries.ts'

/** Facts of the installation: currency, billing zone, whom to ask; undefined until they are known. */
export const useInstallation = (): Returns<'GET /v1/installation'> | undefined =>
  useApi('GET /v1/installation', {}, still).data
