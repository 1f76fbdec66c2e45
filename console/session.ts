// Who is signed in. The session's cookie is not readable here; the server says who it is and which CSRF value writes carry.
import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import { call, type Input, Refused, type Returns, setCsrf } from './api.ts'
import { queryClient } from './queries.ts'
import { forgetWorkspaceOfOthers } from './ui/workspace.ts'

export type Session = Returns<'GET /v1/session'>

export const sessionQuery = {
  queryKey: ['session'] as const,
  queryFn: async (): Promise<Session | null> => {
    try {
      const session = await call('GET /v1/session', {})
      setCsrf(session.csrf)
      forgetWorkspaceOfOthers(session.userId)
      return session
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return null
      throw error
    }
  },
  staleTime: 30_000,
}

export const useSession = (): UseQueryResult<Session | null, Refused> => useQuery(sessionQuery)

export async function signIn(input: Input<'POST /v1/sign-in'>['body']): Promise<void> {
  await call('POST /v1/sign-in', { body: input })
  queryClient.clear()
}

export async function signOut(): Promise<void> {
  await call('POST /v1/sign-out', {})
  queryClient.clear()
}
