// Who is signed in. The session's cookie is not readable here; the server says who it is and which CSRF value writes carry.
import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import { Refused, type Returns, send, setCsrf } from './api.ts'
import { queryClient } from './queries.ts'

export interface Session {
  accountId: string
  accountName: string
  userId: string
  userName: string
  role: Returns<'GET /v1/whoami'>['role']
  csrf: string
}

export const sessionQuery = {
  queryKey: ['session'] as const,
  queryFn: async (): Promise<Session | null> => {
    try {
      const session = (await (await send('GET', '/v1/session')).json()) as Session
      setCsrf(session.csrf)
      return session
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return null
      throw error
    }
  },
  staleTime: 30_000,
}

export const useSession = (): UseQueryResult<Session | null, Refused> => useQuery(sessionQuery)

export async function signIn(input: { account: string; user: string; password: string }): Promise<void> {
  await send('POST', '/v1/sign-in', input)
  queryClient.clear()
}

export async function signOut(): Promise<void> {
  await send('POST', '/v1/sign-out')
  queryClient.clear()
}
