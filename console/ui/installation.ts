import { useQueryClient } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import type { Returns } from '../api.ts'
import { still, useApi } from '../queries.ts'

type Installation = Returns<'GET /v1/installation'>

/** Asked for once, by the frame; what is drawn in every row of a long table reads it here without a query of its own. */
export const InstallationContext = createContext<Installation | undefined>(undefined)

export const useInstallationQuery = (): Installation | undefined => useApi('GET /v1/installation', {}, still).data

/** Facts of the installation: currency, billing zone, whom to ask; undefined until they are known. */
export function useInstallation(): Installation | undefined {
  const client = useQueryClient()
  // A dialog that is drawn outside the frame finds what the frame has asked for.
  return useContext(InstallationContext) ?? client.getQueryData(['GET /v1/installation', {}])
}
